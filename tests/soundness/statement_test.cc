// SPDX-License-Identifier: Apache-2.0
// Good proofs of something else.
#include <gtest/gtest.h>

#include "prover/write.h"
#include "support/regions.h"

namespace zkinfer::e2e {
namespace {

class Statement : public ::testing::TestWithParam<bool> {
 protected:
  // A changed transcript: the next nonce fails, or without zero knowledge a lookup's check before it.
  RejectReason changed_transcript() const { return GetParam() ? RejectReason::kProofOfWork : RejectReason::kSumcheck; }
  void expect(const Verdict& verdict, RejectReason reason, const char* what) const {
    EXPECT_EQ(reject_reason_name(verdict.reason), reject_reason_name(reason)) << what << ": " << verdict.to_string();
  }
};

TEST_P(Statement, AnotherModelsKey) {
  const Session session(mlp_graph(), reject_options(GetParam()), 1);
  const Session other(mlp_graph(), reject_options(GetParam()), 90);
  ASSERT_NE(session.model.prepared.key.identity(), other.model.prepared.key.identity());
  Bytes proof = session.prove().bytes;
  expect(other.verify(proof), RejectReason::kWrongStatement, "other weights");
  // The name in the header is a courtesy: with it exchanged, the transcript tells.
  const Digest name = other.model.prepared.key.identity();
  std::copy(name.begin(), name.end(), proof.begin() + statement::kIdentityOffset);
  expect(other.verify(proof), changed_transcript(), "other weights under their name");
  const Session larger(matmul_graph(), reject_options(GetParam()));
  EXPECT_FALSE(larger.verify(session.prove().bytes).accepted());
}

// The same weights under another seed are another commitment.
TEST_P(Statement, AnotherCommitmentOfTheSameWeights) {
  const Session session(mlp_graph(), reject_options(GetParam()));
  auto again = prover::recommit_model(session.graph, session.model.weights, session.model.prepared.key.params,
                                      session.model.prepared.key.visibility, test_seed(99));
  ASSERT_TRUE(again.ok());
  // Without zero knowledge there is no randomness, so the commitments agree.
  EXPECT_EQ(again->prepared.key.identity() == session.model.prepared.key.identity(), !GetParam());
  if (GetParam()) {
    expect(verifier::verify(again->prepared, session.prove().bytes, nullptr), RejectReason::kWrongStatement,
           "another seed");
  }
}

// By the transcript: the prepared identity that the header is compared with stays as it was.
TEST_P(Statement, EachPartOfTheKeyIsBound) {
  const Session session(mlp_graph(), reject_options(GetParam()));
  const Bytes proof = session.prove().bytes;
  const auto with = [&](const std::function<void(verifier::PreparedKey&)>& change) {
    auto key = statement::parse_key(prover::key_bytes(session.model.prepared.key));
    EXPECT_TRUE(key.ok());
    auto prepared = verifier::prepare(std::move(key).value());
    EXPECT_TRUE(prepared.ok());
    change(*prepared);
    return verifier::verify(*prepared, proof, nullptr);
  };
  expect(with([](auto&) {}), RejectReason::kNone, "unchanged");
  expect(with([](auto& p) { p.key.commitment.root[5] ^= 1; }), changed_transcript(), "root");
  expect(with([](auto& p) { p.key.commitment.ood_value += Fe::one(); }), changed_transcript(), "out-of-domain value");
  expect(with([](auto& p) { p.key.graph.name += "x"; }), changed_transcript(), "name of the graph");
  expect(with([](auto& p) { p.key.graph.values[0].scale.exponent += 1; }), changed_transcript(), "scale of the input");
  expect(with([](auto& p) { p.key.insecure_seed = true; }), changed_transcript(), "fixed seed");
  expect(with([](auto& p) { p.key.params.security.bits -= 1; }), changed_transcript(), "claimed bits");
}

// Who sees what is part of the identity, also where it changes neither circuit nor header.
TEST_P(Statement, VisibilityIsBound) {
  const Session session(mlp_graph(), reject_options(GetParam()));
  const Bytes proof = session.prove().bytes;
  for (std::uint32_t bits = 0; bits <= qir::kVisibilityMask; ++bits) {
    statement::Key key = session.model.prepared.key;
    const auto visibility = qir::visibility_from_bits(bits);
    if (!visibility || *visibility == session.model.prepared.key.visibility) continue;
    key.visibility = *visibility;
    EXPECT_NE(key.identity(), session.model.prepared.key.identity());
    const auto prepared = verifier::prepare(std::move(key));
    if (prepared.ok()) EXPECT_FALSE(verifier::verify(*prepared, proof, nullptr).accepted()) << bits;
  }
}

TEST_P(Statement, AnotherInputsProof) {
  Session session(mlp_graph(), reject_options(GetParam()));
  const prover::Proof first = session.prove();
  session.request.inputs = draw_inputs(session.graph, 1234);
  const prover::Proof second = session.prove();
  ASSERT_NE(first.data.values, second.data.values);
  // Both are true statements.
  EXPECT_TRUE(session.verify(first.bytes).accepted());
  EXPECT_TRUE(session.verify(second.bytes).accepted());
  // The messages of one under the outputs of the other.
  const std::size_t header = statement::header_size(session.graph, session.model.prepared.key.visibility);
  const auto splice = [](const Bytes& a, const Bytes& b, std::size_t at) {
    Bytes out(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(at));
    out.insert(out.end(), b.begin() + static_cast<std::ptrdiff_t>(at), b.end());
    return out;
  };
  expect(session.verify(splice(first.bytes, second.bytes, header)), changed_transcript(), "other outputs");
  // And cut where the opening begins.
  const std::size_t opening = first.opening_sections[0].begin;
  ASSERT_EQ(opening, second.opening_sections[0].begin);
  EXPECT_FALSE(session.verify(splice(first.bytes, second.bytes, opening)).accepted());
}

TEST_P(Statement, Context) {
  Session session(mlp_graph(), reject_options(GetParam()));
  session.request.context = test_seed(42);
  const Bytes proof = session.prove().bytes;
  statement::Header header;
  expect(verifier::verify(session.model.prepared, proof, &header), RejectReason::kNone, "its context");
  EXPECT_EQ(header.context, test_seed(42)) << "the caller compares the context";
  Bytes replayed = proof;
  replayed[statement::kContextOffset] = 43;
  expect(session.verify(replayed), changed_transcript(), "another context");
}

// Each proof has a slot of its own, which is part of what it says; where nothing is counted it is 0.
TEST_P(Statement, Slot) {
  Session session(mlp_graph(), reject_options(GetParam()));
  const std::uint64_t budget = session.key().params.model_budget;
  if (budget > 0) session.request.slot = budget - 1;
  const Bytes proof = session.prove().bytes;
  statement::Header header;
  expect(verifier::verify(session.model.prepared, proof, &header), RejectReason::kNone, "its slot");
  EXPECT_EQ(header.slot, session.request.slot);
  const auto with_slot = [&](std::uint64_t slot) {
    Bytes changed = proof;
    for (std::size_t i = 0; i < 8; ++i) {
      changed[statement::kSlotOffset + i] = static_cast<std::uint8_t>(slot >> (8 * i));
    }
    return session.verify(changed);
  };
  if (budget > 0) expect(with_slot(0), changed_transcript(), "another slot");
  for (const std::uint64_t slot : {budget, std::uint64_t{1} << 40, ~std::uint64_t{0}}) {
    if (slot > 0) expect(with_slot(slot), RejectReason::kBadHeader, "a slot that the commitment does not have");
  }
}

TEST_P(Statement, ProofOfTheOtherMode) {
  const Session session(mlp_graph(), reject_options(GetParam()));
  const Session other(mlp_graph(), reject_options(!GetParam()));
  EXPECT_FALSE(session.verify(other.prove().bytes).accepted());
}

INSTANTIATE_TEST_SUITE_P(ZeroKnowledge, Statement, ::testing::Bool(),
                         [](const auto& tested) { return tested.param ? std::string("On") : std::string("Off"); });

}  // namespace
}  // namespace zkinfer::e2e
