// SPDX-License-Identifier: Apache-2.0
// Batches through the public interface.
#include <gtest/gtest.h>

#include "qir/test_graphs.h"
#include "support/owner.h"
#include "support/small_graphs.h"

namespace zkinfer::data_test {
namespace {

BatchRequest draw_rows(const Owner& owner, std::uint64_t num_rows) {
  BatchRequest request;
  for (std::uint64_t row = 0; row < num_rows; ++row) request.integers.push_back(owner.draw(100 + row));
  return request;
}

TEST(BatchApi, RowsSayWhatProofsSayAndTakeOneSlot) {
  const Owner owner(e2e::mlp_graph(), kPrivate, kPublic);
  BatchRequest request = draw_rows(owner, 5);
  request.context = {1, 2, 3};
  const BatchResult batch = must(owner.prover.prove_batch(request));
  EXPECT_EQ(owner.prover.proofs_made(), 1u);
  const VerifyBatchResult checked = verify_batch(owner.key, batch.proof, batch.statement);
  ASSERT_TRUE(checked.verdict.accepted()) << checked.verdict.to_string();
  ASSERT_EQ(checked.rows.size(), 5u);
  EXPECT_EQ(checked.slot, 0u);
  EXPECT_EQ(checked.context[2], 3);
  EXPECT_GE(checked.security_bits, 100);
  for (std::size_t row = 0; row < 5; ++row) {
    std::vector<CommittedTensor> committed;
    const ProofResult single = must(owner.prover.prove(owner.request(request.integers[row], committed)));
    EXPECT_EQ(batch.rows[row].outputs, single.outputs) << row;
    EXPECT_EQ(batch.rows[row].inputs, single.inputs) << row;
    for (std::size_t i = 0; i < single.outputs.size(); ++i)
      EXPECT_EQ(checked.rows[row].outputs[i].integers, single.outputs[i]) << row;
    EXPECT_TRUE(checked.rows[row].inputs[0].integers.empty());
  }
  // The next one counts on.
  const BatchResult second = must(owner.prover.prove_batch(request));
  EXPECT_EQ(verify_batch(owner.key, second.proof, second.statement).slot, 6u);
  EXPECT_NE(second.proof, batch.proof);
}

// Whoever asks for one inference is not given many, nor the other way round.
TEST(BatchApi, IsNoProof) {
  const Owner owner(e2e::mlp_graph(), kPrivate, kPublic);
  const BatchResult batch = must(owner.prover.prove_batch(draw_rows(owner, 1)));
  std::vector<CommittedTensor> committed;
  const ProofResult proof = must(owner.prover.prove(owner.request(owner.draw(1), committed)));
  EXPECT_EQ(verify(owner.key, batch.proof, batch.statement).verdict.reason, RejectReason::kBadHeader);
  EXPECT_EQ(verify_batch(owner.key, proof.proof, proof.statement).verdict.reason, RejectReason::kBadHeader);
  EXPECT_EQ(claimed_rows(batch.proof), 1u);
  EXPECT_FALSE(claimed_rows(proof.proof).has_value());
  EXPECT_EQ(claimed_identity(batch.proof), claimed_identity(proof.proof));
  const ChainStep step{&owner.key, batch.proof, batch.statement, 0, 0};
  EXPECT_EQ(verify_chain(std::span(&step, 1)).verdict.reason, RejectReason::kBadHeader);
}

TEST(BatchApi, WhatIsKnownIsKnownOfARow) {
  const Owner owner(e2e::mlp_graph(), kPrivate, kPublic);
  const BatchResult batch = must(owner.prover.prove_batch(draw_rows(owner, 3)));
  KnownTensor known;
  known.row = 2;
  known.integers = batch.rows[2].outputs[0];
  VerifyRequest request = VerifyRequest::uncertified();
  request.outputs = {known};
  EXPECT_TRUE(verify_batch(owner.key, batch.proof, request).verdict.accepted());
  for (const std::uint64_t row : {0, 1, 3, 1000}) {
    if (row < 3 && batch.rows[row].outputs[0] == batch.rows[2].outputs[0]) continue;
    request.outputs[0].row = row;
    const Verdict verdict = verify_batch(owner.key, batch.proof, request).verdict;
    EXPECT_EQ(verdict.reason, RejectReason::kWrongStatement) << row;
    EXPECT_NE(verdict.where.find("row " + std::to_string(row)), std::string::npos) << verdict.where;
  }
  request = {};
  EXPECT_EQ(verify_batch(owner.key, batch.proof, request).verdict.reason, RejectReason::kUncertified);
  CheckedWeights weights;
  ASSERT_TRUE(CheckedWeights::from_certificate(owner.key, must(owner.prover.certify()), weights).accepted());
  request.weights = weights;
  EXPECT_EQ(verify_batch(owner.key, batch.proof, request).weights, WeightEvidence::kCertified);
  request.context = Bytes{9};
  EXPECT_EQ(verify_batch(owner.key, batch.proof, request).verdict.reason, RejectReason::kWrongStatement);
}

// Digests by row; data beside the batch, all of them.
TEST(BatchApi, HashesAndDataBeside) {
  const Owner owner(e2e::mul_graph(), {Exposure::kPublic, TensorHash::kSha256},
                    {Exposure::kPrivate, TensorHash::kSha256});
  const BatchResult batch = must(owner.prover.prove_batch(draw_rows(owner, 3)));
  const VerifyBatchResult checked = verify_batch(owner.key, batch.proof, batch.statement);
  ASSERT_TRUE(checked.verdict.accepted()) << checked.verdict.to_string();
  for (std::size_t row = 0; row < 3; ++row) {
    const Bytes bytes = must(canonical_bytes(owner.model.outputs()[0], batch.rows[row].outputs[0]));
    EXPECT_EQ(checked.rows[row].outputs[0].digest, hash_data(TensorHash::kSha256, bytes));
  }
  VerifyRequest request = batch.statement;
  std::swap(request.inputs[0].integers, request.inputs[1].integers);
  EXPECT_FALSE(verify_batch(owner.key, batch.proof, request).verdict.accepted());
  request = batch.statement;
  request.inputs.pop_back();
  EXPECT_EQ(verify_batch(owner.key, batch.proof, request).verdict.reason, RejectReason::kBadPublicValue);
}

// Found before a slot is taken.
TEST(BatchApi, BadRequestsTakeNoSlot) {
  const Owner owner(e2e::mlp_graph(), kPrivate, kPublic);
  const auto refused = [&](const BatchRequest& request, const char* word) {
    const auto result = owner.prover.prove_batch(request);
    ASSERT_FALSE(result.ok());
    EXPECT_NE(result.status().message().find(word), std::string::npos) << result.status().message();
  };
  refused({}, "without rows");
  BatchRequest request = draw_rows(owner, 3);
  request.integers[1][0][0] = 1000;
  refused(request, "row 1");
  request = draw_rows(owner, 2);
  request.integers[1].clear();
  refused(request, "row 1");
  request = draw_rows(owner, 2);
  request.context.assign(33, 0);
  refused(request, "context");
  EXPECT_EQ(owner.prover.proofs_made(), 0u);
  const Owner committed(e2e::mul_graph(), {Exposure::kCommitted, TensorHash::kNone}, kPublic);
  const auto none = committed.prover.prove_batch(draw_rows(committed, 2));
  EXPECT_EQ(none.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(committed.prover.proofs_made(), 0u);
}

}  // namespace
}  // namespace zkinfer::data_test
