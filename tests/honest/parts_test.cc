// SPDX-License-Identifier: Apache-2.0
// Proofs of cut models in parts: whoever makes them, in whatever order and how often, they are the bytes of one proof under one slot; and
// nothing is made under a plan's slot that is not what was planned.
#include <gtest/gtest.h>

#include "api/secret.h"
#include "prover/proof_plan.h"
#include "prover/write.h"
#include "slots/test_folder.h"
#include "support/layered_graphs.h"
#include "support/owner.h"
#include "zkinfer/proof_parts.h"
#include "zkinfer/segments.h"

namespace zkinfer::data_test {
namespace {

package::Package package_of(std::uint64_t weights_seed = 1) {
  package::Package package;
  package.graph = e2e::layered_graph(4, 4);
  package.weights = e2e::draw_params(package.graph, weights_seed);
  package.cuts = {1, 3};
  return package;
}
Model model_of(const package::Package& package) { return must(Model::from_bytes(package::to_bytes(package))); }

CommitOptions options_of() {
  CommitOptions options = options_with(kPrivate, kPublic);
  options.budget = 8;
  return options;
}

ProveRequest request_of(const Owner& owner, std::uint64_t seed) {
  ProveRequest request;
  request.integers = owner.draw(seed);
  request.context = {7};
  return request;
}

Bytes plan_of(const Prover& prover, const ProveRequest& request) {
  std::vector<Clipping> clipping;
  return must(prover.plan_proof(request, clipping));
}

std::uint64_t num_left(const std::string& secret) {
  return must(SlotFile::open(secret, kModelSecretFile)).slots().num_left(SlotUse::kProof);
}

TEST(Parts, AreOneProofWhoeverMakesThem) {
  const TestFolder folder;
  Owner owner(model_of(package_of()), options_of());
  const std::string secret = folder.file("m.zksecret");
  ASSERT_TRUE(owner.prover.save(secret).ok());
  const std::uint64_t before = num_left(secret);
  const ProveRequest request = request_of(owner, 3);
  const Bytes plan = plan_of(owner.prover, request);
  EXPECT_EQ(num_left(secret), before - 1);
  const PlanOutline outline = must(outline_of_plan(plan));
  EXPECT_EQ(outline.num_segments, 3u);
  EXPECT_EQ(outline.slot, 0u);
  EXPECT_EQ(outline.identity, owner.key.info().model_identity);
  // Others open the same commitment, prove in another order, and repeat what is done.
  std::vector<Bytes> parts(3);
  for (const std::size_t segment : {2u, 0u, 1u, 0u, 2u}) {
    const Prover process = must(Prover::open(owner.model, secret));
    PartResult made = must(process.prove_part(plan, segment));
    if (!parts[segment].empty()) EXPECT_EQ(made.part, parts[segment]) << "the same bytes";
    parts[segment] = std::move(made.part);
    const PartOutline part = must(outline_of_part(parts[segment]));
    EXPECT_EQ(part.segment, segment);
    EXPECT_EQ(part.num_segments, 3u);
    EXPECT_EQ(part.slot, 0u);
    EXPECT_EQ(part.identity, outline.identity);
  }
  EXPECT_EQ(num_left(secret), before - 1) << "parts take no slot";
  const Bytes proof = must(join_parts(parts));
  std::swap(parts[0], parts[2]);
  EXPECT_EQ(must(join_parts(parts)), proof);
  VerifyRequest asked = VerifyRequest::uncertified();
  asked.context = request.context;
  const VerifyResult result = verify(owner.key, proof, asked);
  ASSERT_TRUE(result.verdict.accepted()) << result.verdict.to_string();
  EXPECT_EQ(result.slot, 0u);
  // What one process makes under the next slot is the same inference.
  const ProofResult next = must(owner.prover.prove(request));
  EXPECT_EQ(next.outputs[0], result.outputs[0].integers);
  EXPECT_EQ(verify(owner.key, next.proof, asked).slot, 1u);
}

// The bytes of a proof in one piece with the plan's slot and entropy.
TEST(Parts, AreTheBytesOfTheWholeProof) {
  const package::Package package = package_of();
  const Owner owner(model_of(package), options_of());
  const ProveRequest request = request_of(owner, 3);
  const Bytes plan = plan_of(owner.prover, request);
  std::vector<Bytes> parts;
  for (std::size_t i = 0; i < 3; ++i) parts.push_back(must(owner.prover.prove_part(plan, i)).part);
  const api::Secret secret = must(api::parse_secret(owner.prover.commitment_secret()));
  const prover::ProofPlan read = must(prover::open_plan(plan, secret.seed));
  const auto cut = must(api::cut_of(package));
  prover::ProveRequest inner;
  inner.slot = read.slot;
  inner.entropy = read.entropy;
  inner.context = read.context;
  inner.inputs = read.inputs;
  EXPECT_EQ(read.inputs, request.integers);
  const auto key = must(api::key_of(secret, package.graph, cut.get()));
  EXPECT_EQ(must(join_parts(parts)), must(prover::prove_segments(*cut, key, secret.seed, {}, inner)).bytes);
}

TEST(Parts, JoinSaysWhatIsWrong) {
  const Owner owner(model_of(package_of()), options_of());
  const Bytes plan = plan_of(owner.prover, request_of(owner, 3)), other = plan_of(owner.prover, request_of(owner, 3));
  EXPECT_NE(plan, other) << "a slot and entropy of its own";
  std::vector<Bytes> parts;
  for (std::size_t i = 0; i < 3; ++i) parts.push_back(must(owner.prover.prove_part(plan, i)).part);
  const auto refused = [](const std::vector<Bytes>& given, const std::string& words) {
    const Result<Bytes> joined = join_parts(given);
    ASSERT_FALSE(joined.ok()) << words;
    EXPECT_NE(joined.status().message().find(words), std::string::npos) << joined.status().message();
  };
  refused({}, "no parts");
  refused({parts[0], parts[2]}, "segment 2 of 3 is missing");
  refused({parts[1]}, "segment 1, 3 of 3 are missing");
  refused({parts[0], parts[1], parts[2], parts[1]}, "segment 2 of 3 is there twice");
  const Bytes stranger = must(owner.prover.prove_part(other, 1)).part;
  refused({parts[0], stranger, parts[2]}, "part 2 is of another proof than part 1");
  for (std::size_t size = 0; size < 100; size += 7)
    EXPECT_FALSE(
        join_parts(std::vector<Bytes>{Bytes(parts[0].begin(), parts[0].begin() + static_cast<std::ptrdiff_t>(size))})
            .ok());
  EXPECT_FALSE(owner.prover.prove_part(plan, 3).ok());
}

// A slot serves what was planned and nothing else.
TEST(Parts, PlansCannotBeChanged) {
  const package::Package package = package_of();
  const Owner owner(model_of(package), options_of());
  const Bytes plan = plan_of(owner.prover, request_of(owner, 3));
  for (std::size_t at = 0; at < plan.size(); ++at) {
    Bytes changed = plan;
    changed[at] ^= 1;
    EXPECT_FALSE(owner.prover.prove_part(changed, 1).ok()) << "byte " << at;
    EXPECT_FALSE(owner.prover.prove_part(ByteView(plan).first(at), 1).ok()) << at;
  }
  // Another commitment to the same model has another seed; one to another model, too.
  const Owner again(owner.model, options_of());
  EXPECT_EQ(again.prover.prove_part(plan, 1).status().code(), StatusCode::kInvalidArgument);
  // What a commitment cannot tell: a model whose other segments have other weights. Segment 3 alone would go on from other values, under the
  // slot of the plan.
  package::Package mixed = package_of();
  const package::Package other = package_of(2);
  qir::Weights weights;
  bool is_first = true;
  for (std::size_t id = 0; id < mixed.graph.values.size(); ++id) {
    const auto& from = is_first && mixed.graph.values[id].kind == qir::ValueKind::kParam ? other : package;
    if (mixed.graph.values[id].kind == qir::ValueKind::kParam) is_first = false;
    std::vector<std::int32_t>& tensor = weights.emplace_back();
    for (std::size_t i = 0; i < from.weights[id].size; ++i) tensor.push_back(from.weights[id][i]);
  }
  mixed.weights = weights;
  const Prover fooled = must(Prover::restore(model_of(mixed), owner.prover.commitment_secret(),
                                             std::make_shared<MemorySlots>(owner.prover.all_slots())));
  const Result<PartResult> part = fooled.prove_part(plan, 2);
  ASSERT_FALSE(part.ok());
  EXPECT_NE(part.status().message().find("computes other values"), std::string::npos) << part.status().message();
}

TEST(Parts, OnlyWhereTheyCanBe) {
  std::vector<Clipping> clipping;
  const Owner whole(make_model(e2e::layered_graph(4, 4)), options_of());
  EXPECT_NE(whole.prover.plan_proof(request_of(whole, 3), clipping).status().message().find("not cut"),
            std::string::npos);
  CommitOptions options = options_of();
  options.outputs = kCommitted;
  const Owner owner(model_of(package_of()), options);
  EXPECT_EQ(owner.prover.plan_proof(request_of(owner, 3), clipping).status().code(), StatusCode::kUnsupported);
  // What is wrong with the request is found before a slot is taken.
  const Owner good(model_of(package_of()), options_of());
  ProveRequest wrong = request_of(good, 3);
  wrong.integers[0][0] = 1000;
  EXPECT_FALSE(good.prover.plan_proof(wrong, clipping).ok());
  wrong = request_of(good, 3);
  wrong.context.assign(33, 1);
  EXPECT_FALSE(good.prover.plan_proof(wrong, clipping).ok());
  EXPECT_EQ(must(outline_of_plan(plan_of(good.prover, request_of(good, 3)))).slot, 0u);
}

}  // namespace
}  // namespace zkinfer::data_test
