// SPDX-License-Identifier: Apache-2.0
// Paths from a root key to a serving key, honest and not: each thing that a path's check asks for has a party that cheats in it.
#include <gtest/gtest.h>

#include <algorithm>

#include "prover/certify.h"
#include "prover/key_proof_params.h"
#include "prover/rotate.h"
#include "prover/write.h"
#include "relations/recipes.h"
#include "soundness/choose_params.h"
#include "support/session.h"
#include "support/small_graphs.h"
#include "verifier/path.h"
#include "zkinfer/verify.h"

namespace zkinfer::e2e {
namespace {

using prover::CommittedModel;
using verifier::Path;
using verifier::PathStep;

CommittedModel commit(const prover::ModelOptions& options, std::uint8_t seed, std::uint64_t weights_seed = 1,
                      const qir::QGraph& graph = mlp_graph()) {
  auto model = prover::commit_model(graph, draw_params(graph, weights_seed), options, test_seed(seed));
  ZKI_CHECK(model.ok(), model.status().to_string().c_str());
  return std::move(model).value();
}

prover::ModelOptions options_with(const std::function<void(prover::ModelOptions&)>& change) {
  prover::ModelOptions options = test_options(true);
  options.security.bits = 60;  // small proofs; the default is tested through the command line
  if (change) change(options);
  return options;
}
CommittedModel commit_with(std::uint8_t seed, const std::function<void(prover::ModelOptions&)>& change = {}) {
  return commit(options_with(change), seed);
}

PathStep step_between(const CommittedModel& above, const CommittedModel& below, std::uint64_t slot = 1,
                      std::uint64_t new_slot = 0) {
  prover::ProveRequest request;
  request.slot = slot;
  request.new_slot = new_slot;
  auto rotation = prover::rotate(above, below, request);
  ZKI_CHECK(rotation.ok(), rotation.status().to_string().c_str());
  return {below.prepared.key.params, below.prepared.key.commitment, std::move(rotation).value()};
}

Path path_from(const CommittedModel& root, std::vector<PathStep> steps) {
  return {root.prepared.key.identity(), std::move(steps)};
}

class PathAttack : public ::testing::Test {
 protected:
  static VerificationKey key_of(const CommittedModel& model) {
    auto key = VerificationKey::from_bytes(prover::key_bytes(model.prepared.key), 0);
    ZKI_CHECK(key.ok(), key.status().to_string().c_str());
    return std::move(key).value();
  }
  PathResult check(const Path& path) const { return verify_path(root_key_, prover::path_bytes(path)); }
  void expect_rejected(const Path& path, RejectReason reason, const std::string& what, const std::string& where) const {
    const PathResult result = check(path);
    EXPECT_EQ(reject_reason_name(result.verdict.reason), reject_reason_name(reason))
        << what << ": " << result.verdict.to_string();
    EXPECT_NE(result.verdict.where.find(where), std::string::npos) << what << ": " << result.verdict.to_string();
    EXPECT_FALSE(result.key.has_value()) << what;
  }

  CommittedModel root_ = commit_with(1);
  VerificationKey root_key_ = key_of(root_);
  CommittedModel first_ = commit_with(2);
  CommittedModel second_ = commit_with(3);
};

TEST_F(PathAttack, HonestPathsLeadToTheirKey) {
  const PathStep one = step_between(root_, first_, 3);
  const PathStep two = step_between(first_, second_);
  const PathResult direct = check(path_from(root_, {one}));
  ASSERT_TRUE(direct.verdict.accepted()) << direct.verdict.to_string();
  EXPECT_EQ(direct.key->info().model_identity, first_.prepared.key.identity());
  EXPECT_EQ(direct.key->info().root_identity, root_.prepared.key.identity());
  EXPECT_EQ(direct.key->info().depth, 1u);
  EXPECT_EQ(direct.root_slot, 3u);
  const PathResult deeper = check(path_from(root_, {one, two}));
  ASSERT_TRUE(deeper.verdict.accepted()) << deeper.verdict.to_string();
  EXPECT_EQ(deeper.key->info().model_identity, second_.prepared.key.identity());
  EXPECT_EQ(deeper.key->info().depth, 2u);
  EXPECT_LE(deeper.key->info().weakest_bits, root_key_.info().security_bits);
  EXPECT_GE(deeper.key->info().weakest_bits, 60);
  // A serving key is not a root.
  EXPECT_EQ(verify_path(*direct.key, prover::path_bytes(path_from(first_, {two}))).verdict.reason,
            RejectReason::kWrongStatement);
}

TEST_F(PathAttack, AProofUnderADescendantIsOneOfTheRootsModel) {
  const PathResult path = check(path_from(root_, {step_between(root_, first_)}));
  ASSERT_TRUE(path.verdict.accepted()) << path.verdict.to_string();
  prover::ProveRequest request;
  request.inputs = draw_inputs(mlp_graph(), 5);
  request.slot = 2;
  const Bytes proof = prover::prove(first_, request).value().bytes;
  CheckedWeights weights;
  ASSERT_TRUE(CheckedWeights::from_certificate(root_key_, prover::certify(root_, {}).value(), weights).accepted());
  VerifyRequest known;
  known.weights = weights;
  const VerifyResult result = verify(*path.key, proof, known);
  ASSERT_TRUE(result.verdict.accepted()) << result.verdict.to_string();
  EXPECT_EQ(result.root_identity, root_.prepared.key.identity());
  EXPECT_EQ(result.serving_identity, first_.prepared.key.identity());
  EXPECT_EQ(result.weights, WeightEvidence::kCertified);
  EXPECT_EQ(result.slot, 2u);
  EXPECT_GE(result.security_bits, 60);
  EXPECT_EQ(claimed_identity(proof), first_.prepared.key.identity());
  // Under the root, or another descendant, it is no proof.
  EXPECT_EQ(verify(root_key_, proof, known).verdict.reason, RejectReason::kWrongStatement);
  const PathResult sibling = check(path_from(root_, {step_between(root_, second_)}));
  EXPECT_EQ(verify(*sibling.key, proof, known).verdict.reason, RejectReason::kWrongStatement);
  // Evidence: none, of another root, of a descendant.
  EXPECT_EQ(verify(*path.key, proof, VerifyRequest{}).verdict.reason, RejectReason::kUncertified);
  EXPECT_EQ(verify(*path.key, proof, VerifyRequest::uncertified()).weights, WeightEvidence::kUncertified);
  const CommittedModel other = commit_with(9);
  ASSERT_TRUE(
      CheckedWeights::from_certificate(key_of(other), prover::certify(other, {}).value(), known.weights).accepted());
  EXPECT_EQ(verify(*path.key, proof, known).verdict.reason, RejectReason::kWrongStatement)
      << "the certificate of another root";
  ASSERT_TRUE(
      CheckedWeights::from_certificate(*path.key, prover::certify(first_, {}).value(), known.weights).accepted());
  EXPECT_TRUE(verify(*path.key, proof, known).verdict.accepted()) << "the serving key's own certificate";
  EXPECT_EQ(verify(*sibling.key, proof, known).verdict.reason, RejectReason::kWrongStatement);
}

TEST_F(PathAttack, EightStepsAndNoMore) {
  std::vector<PathStep> steps;
  const CommittedModel* above = &root_;
  std::vector<CommittedModel> keys;
  keys.reserve(9);
  for (std::uint8_t i = 0; i < 9; ++i) {
    keys.push_back(commit_with(static_cast<std::uint8_t>(20 + i)));
    steps.push_back(step_between(*above, keys.back()));
    above = &keys.back();
  }
  expect_rejected(path_from(root_, steps), RejectReason::kBadHeader, "nine steps", "9 steps");
  // Nor by way of the structure that the bytes are read into.
  verifier::Descent descent;
  EXPECT_EQ(verifier::verify_path(root_.prepared, path_from(root_, steps), descent).reason, RejectReason::kBadHeader);
  steps.pop_back();
  const PathResult result = check(path_from(root_, steps));
  EXPECT_TRUE(result.verdict.accepted()) << result.verdict.to_string();
  EXPECT_EQ(result.key->info().depth, 8u);
  expect_rejected(path_from(root_, {}), RejectReason::kBadHeader, "no step", "0 steps");
}

TEST_F(PathAttack, StepsOutOfPlace) {
  const PathStep one = step_between(root_, first_);
  const PathStep two = step_between(first_, second_);
  EXPECT_FALSE(check(path_from(root_, {two})).verdict.accepted()) << "the first link is missing";
  EXPECT_FALSE(check(path_from(root_, {two, one})).verdict.accepted()) << "exchanged";
  EXPECT_FALSE(check(path_from(root_, {one, one})).verdict.accepted()) << "twice the same";
  EXPECT_FALSE(check(path_from(root_, {one, step_between(root_, second_)})).verdict.accepted())
      << "not from the key before";
  // One step's rotation with another's key.
  PathStep mixed = one;
  mixed.rotation = step_between(root_, second_).rotation;
  EXPECT_FALSE(check(path_from(root_, {mixed})).verdict.accepted());
  // Against the direction.
  PathStep back = one;
  back.rotation = step_between(first_, root_).rotation;
  EXPECT_FALSE(check(path_from(root_, {back})).verdict.accepted());
}

TEST_F(PathAttack, PathsOfAnotherRoot) {
  const CommittedModel other = commit_with(7);
  const Path theirs = path_from(other, {step_between(other, first_)});
  expect_rejected(theirs, RejectReason::kWrongStatement, "another root", "another key");
  Path renamed = theirs;
  renamed.root_identity = root_.prepared.key.identity();
  EXPECT_FALSE(check(renamed).verdict.accepted()) << "under this root's name";
}

TEST_F(PathAttack, ACycleIsNoPath) {
  const PathStep there = step_between(root_, first_);
  const PathStep back = step_between(first_, root_);
  ASSERT_TRUE(verifier::verify_rotation(first_.prepared, root_.prepared, back.rotation).accepted());
  expect_rejected(path_from(root_, {there, back}), RejectReason::kWrongStatement, "back to the root", "step 2");
  const PathStep on = step_between(first_, second_);
  const PathStep again = step_between(second_, first_);
  expect_rejected(path_from(root_, {there, on, again}), RejectReason::kWrongStatement, "around", "step 3");
}

TEST_F(PathAttack, AKeyOfAnotherStructure) {
  const CommittedModel other = commit(options_with({}), 2, 1, matmul_graph());
  PathStep step = step_between(root_, first_);
  step.params = other.prepared.key.params;
  step.commitment = other.prepared.key.commitment;
  EXPECT_EQ(check(path_from(root_, {step})).verdict.reason, RejectReason::kWrongStatement);
  // The rotation of the other structure's own keys.
  const CommittedModel other_root = commit(options_with({}), 1, 1, matmul_graph());
  step.rotation = step_between(other_root, other).rotation;
  EXPECT_EQ(check(path_from(root_, {step})).verdict.reason, RejectReason::kWrongStatement);
}

// The keys of a path have the root's flags by construction; a rotation to a key with others is about another key.
TEST_F(PathAttack, OtherVisibilityOrATestsSeed) {
  const CommittedModel hashed = commit_with(2, [](auto& o) {
    o.visibility.outputs = {Exposure::kPublic, TensorHash::kKeccak256};
  });
  ASSERT_EQ(hashed.prepared.key.params.canonical_bytes(), first_.prepared.key.params.canonical_bytes());
  ASSERT_EQ(hashed.prepared.key.commitment, first_.prepared.key.commitment);
  const PathStep step = step_between(root_, hashed);
  ASSERT_TRUE(verifier::verify_rotation(root_.prepared, hashed.prepared, step.rotation).accepted())
      << "a fine rotation";
  EXPECT_FALSE(check(path_from(root_, {step})).verdict.accepted()) << "to a key of another visibility";

  CommittedModel insecure = commit_with(2);
  insecure.prepared.key.insecure_seed = true;
  insecure.prepared.identity = insecure.prepared.key.identity();
  const PathStep weak = step_between(root_, insecure);
  ASSERT_TRUE(verifier::verify_rotation(root_.prepared, insecure.prepared, weak.rotation).accepted());
  EXPECT_FALSE(check(path_from(root_, {weak})).verdict.accepted()) << "to a key with a test's seed";

  CommittedModel root = commit_with(1);
  root.prepared.key.insecure_seed = true;
  root.prepared.identity = root.prepared.key.identity();
  const PathResult result =
      verify_path(key_of(root), prover::path_bytes(path_from(root, {step_between(root, first_)})));
  EXPECT_EQ(result.verdict.reason, RejectReason::kWrongStatement) << "from a root with a test's seed";
}

TEST_F(PathAttack, FewerBitsOrAnotherRegime) {
  // A key that claims less than its parameters give, so that the rotation to it reaches what the root claims.
  pcs::OpeningParams opening = first_.prepared.key.params;
  opening.security.bits = 50;
  const qir::QGraph graph = mlp_graph();
  auto weaker =
      prover::recommit_model(graph, draw_params(graph, 1), opening, first_.prepared.key.visibility, test_seed(2));
  ASSERT_TRUE(weaker.ok()) << weaker.status().to_string();
  const PathStep step = step_between(root_, *weaker);
  ASSERT_TRUE(verifier::verify_rotation(root_.prepared, weaker->prepared, step.rotation).accepted())
      << "a fine rotation";
  expect_rejected(path_from(root_, {step}), RejectReason::kWrongStatement, "fewer bits", "50 bits");
  // No rotation proves more bits than the commitments that it opens.
  const CommittedModel stronger = commit_with(2, [](auto& o) { o.security.bits = 80; });
  EXPECT_FALSE(prover::rotate(root_, stronger, {}).ok());
  const CommittedModel unique = commit_with(2, [](auto& o) { o.security.decoding = Decoding::kUnique; });
  PathStep regime = step_between(root_, first_);
  regime.params = unique.prepared.key.params;
  regime.commitment = unique.prepared.key.commitment;
  expect_rejected(path_from(root_, {regime}), RejectReason::kWrongStatement, "another regime", "regime");
}

// The floor is the caller's: a root that proves 128 bits and claims 1 must not open it to descendants, rotations and
// certificates that prove what it claims.
TEST_F(PathAttack, ARootThatClaimsLessThanItProves) {
  const qir::QGraph graph = mlp_graph();
  const qir::Visibility visibility;
  const auto compiled = relations::compile(graph, true, visibility).value();
  const auto opening_of = [&](std::uint32_t bits) {
    Security security;
    security.bits = bits;
    security.pow_bits = 0;
    security.decoding = Decoding::kUnique;
    soundness::ParamRequest request = prover::param_request(security, compiled);
    request.model_budget = 16;
    return soundness::choose_params(request).value();
  };
  pcs::OpeningParams strong = opening_of(128);
  strong.security.bits = 1;
  const auto commit_under = [&](const pcs::OpeningParams& opening, std::uint8_t seed) {
    return prover::recommit_model(graph, draw_params(graph, 1), opening, visibility, test_seed(seed)).value();
  };
  const CommittedModel root = commit_under(strong, 1);
  const CommittedModel child = commit_under(opening_of(1), 2);
  const Bytes root_bytes = prover::key_bytes(root.prepared.key);
  const auto key = VerificationKey::from_bytes(root_bytes, 100);
  ASSERT_TRUE(key.ok()) << "it proves " << key.status().to_string();
  const auto low = VerificationKey::from_bytes(root_bytes, 1);
  ASSERT_TRUE(low.ok());

  const Bytes path = prover::path_bytes(path_from(root, {step_between(root, child)}));
  const PathResult by_path = verify_path(*key, path);
  EXPECT_EQ(by_path.verdict.reason, RejectReason::kWrongStatement);
  EXPECT_NE(by_path.verdict.where.find("asked for"), std::string::npos) << by_path.verdict.to_string();
  const PathResult knowingly = verify_path(*low, path);
  ASSERT_TRUE(knowingly.verdict.accepted()) << knowingly.verdict.to_string();

  const Bytes certificate = prover::certify(root, {}).value();
  CheckedWeights weights;
  const Verdict verdict = CheckedWeights::from_certificate(*key, certificate, weights);
  EXPECT_EQ(verdict.reason, RejectReason::kWrongStatement) << verdict.to_string();
  CheckedWeights weak;
  ASSERT_TRUE(CheckedWeights::from_certificate(*low, certificate, weak).accepted());
  // What was taken at a low floor stays what it is.
  prover::ProveRequest request;
  request.inputs = draw_inputs(graph, 5);
  request.slot = 2;
  const Bytes proof = prover::prove(root, request).value().bytes;
  VerifyRequest with;
  with.weights = weak;
  EXPECT_TRUE(verify(*low, proof, with).verdict.accepted());
  EXPECT_EQ(verify(*key, proof, with).verdict.reason, RejectReason::kUncertified);
}

TEST_F(PathAttack, ClaimsThatTheParametersDoNotKeep) {
  const PathStep honest = step_between(root_, first_);
  const auto with = [&](const std::function<void(PathStep&)>& change) {
    PathStep step = honest;
    change(step);
    return check(path_from(root_, {step})).verdict;
  };
  ASSERT_TRUE(with([](PathStep&) {}).accepted());
  EXPECT_FALSE(with([](PathStep& s) { s.params.model.num_queries = 1; }).accepted());
  EXPECT_FALSE(with([](PathStep& s) { s.params.witness.num_queries = 1; }).accepted());
  EXPECT_FALSE(with([](PathStep& s) { s.params.security.bits = 128; }).accepted());
  EXPECT_FALSE(with([](PathStep& s) { s.params.model_budget += 1; }).accepted());
  EXPECT_FALSE(with([](PathStep& s) { s.params.model_budget = 0; }).accepted());
  EXPECT_FALSE(with([](PathStep& s) { s.params.has_model = false; }).accepted());
  EXPECT_FALSE(with([](PathStep& s) { s.params.security.zero_knowledge = false; }).accepted());
  EXPECT_FALSE(with([](PathStep& s) { s.params.data.push_back({s.params.model, 1}); }).accepted());
  EXPECT_FALSE(with([](PathStep& s) { s.commitment.root[0] ^= 1; }).accepted());
  EXPECT_FALSE(with([](PathStep& s) { s.commitment.ood_value += Fe::one(); }).accepted());
}

// What a proof says of committed tensors must be the same under every key of a model.
TEST_F(PathAttack, TensorOraclesOfAnotherBudget) {
  const auto committed = [](std::uint64_t budget) {
    return [budget](prover::ModelOptions& o) {
      o.visibility.inputs = {Exposure::kCommitted, TensorHash::kNone};
      o.tensor_budget = budget;
    };
  };
  const CommittedModel root = commit_with(1, committed(2));
  const CommittedModel same = commit_with(2, committed(2));
  const CommittedModel other = commit_with(2, committed(3));
  EXPECT_TRUE(
      verify_path(key_of(root), prover::path_bytes(path_from(root, {step_between(root, same)}))).verdict.accepted());
  const PathResult result = verify_path(key_of(root), prover::path_bytes(path_from(root, {step_between(root, other)})));
  EXPECT_EQ(result.verdict.reason, RejectReason::kWrongStatement) << result.verdict.to_string();
}

TEST_F(PathAttack, OtherWeightsAreRejected) {
  CommittedModel liar = commit(options_with({}), 2, 7);
  liar.weights = root_.weights;
  EXPECT_FALSE(check(path_from(root_, {step_between(root_, liar)})).verdict.accepted());
}

TEST_F(PathAttack, SlotsThatARotationMayUse) {
  expect_rejected(path_from(root_, {step_between(root_, first_, 1, 1)}), RejectReason::kWrongStatement,
                  "a later slot of the new key", "slot 1 of the new key");
  expect_rejected(path_from(root_, {step_between(root_, first_, 4, 0)}), RejectReason::kBadHeader,
                  "a slot that the root does not have", "slot 4");
  // The slots are part of the statement.
  PathStep step = step_between(root_, first_, 1);
  step.rotation[8] = 2;
  EXPECT_FALSE(check(path_from(root_, {step})).verdict.accepted());
}

TEST_F(PathAttack, APublicModelHasNoPath) {
  prover::ModelOptions options = options_with([](auto& o) { o.visibility.public_params = true; });
  const CommittedModel open = commit(options, 1);
  Path path = path_from(open, {step_between(root_, first_)});
  EXPECT_EQ(verify_path(key_of(open), prover::path_bytes(path)).verdict.reason, RejectReason::kWrongStatement);
}

TEST_F(PathAttack, EveryTruncationAndChangedByteIsRejected) {
  const Bytes honest = prover::path_bytes(path_from(root_, {step_between(root_, first_)}));
  ASSERT_TRUE(verify_path(root_key_, honest).verdict.accepted());
  std::mt19937_64 engine(5);
  for (int i = 0; i < 200; ++i) {
    // Every byte before the rotation's messages, and some of those.
    const std::size_t at = i < 150 ? static_cast<std::size_t>(i) * 2 : engine() % honest.size();
    EXPECT_FALSE(verify_path(root_key_, ByteView(honest).first(at)).verdict.accepted()) << at;
    Bytes changed = honest;
    changed[at] ^= static_cast<std::uint8_t>(1 + engine() % 255);
    EXPECT_FALSE(verify_path(root_key_, changed).verdict.accepted()) << at;
  }
  Bytes longer = honest;
  longer.push_back(0);
  EXPECT_EQ(verify_path(root_key_, longer).verdict.reason, RejectReason::kTrailingBytes);
  EXPECT_EQ(verify_path(root_key_, prover::key_bytes(root_.prepared.key)).verdict.reason, RejectReason::kBadHeader);
}

}  // namespace
}  // namespace zkinfer::e2e
