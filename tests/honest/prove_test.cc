// SPDX-License-Identifier: Apache-2.0
// The whole path from an integer graph to a verdict.
#include <gtest/gtest.h>

#include "base/parallel.h"
#include "prover/check_columns.h"
#include "prover/witness.h"
#include "prover/write.h"
#include "support/session.h"
#include "verifier/verify.h"

namespace zkinfer::e2e {
namespace {

struct Case {
  prover::CommittedModel model;
  prover::Proof proof;
};

Case prove_graph(const qir::QGraph& graph, bool zero_knowledge, std::uint64_t seed) {
  auto model = prover::commit_model(graph, draw_params(graph, seed), test_options(zero_knowledge), test_seed(1));
  EXPECT_TRUE(model.ok()) << model.status().to_string();
  prover::ProveRequest request;
  request.inputs = draw_inputs(graph, seed + 1);
  auto proof = prover::prove(*model, request);
  EXPECT_TRUE(proof.ok()) << proof.status().to_string();
  return {std::move(model).value(), std::move(proof).value()};
}

// The executor's values satisfy every relation, before any cryptography.
TEST(EveryOpRelations, HoldOnTheExecutorsValues) {
  const qir::QGraph graph = qir::every_op_graph();
  auto compiled = relations::compile(graph, true);
  ASSERT_TRUE(compiled.ok()) << compiled.status().to_string();
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const qir::Weights params = draw_params(graph, seed);
    auto witness = exec_integer::run(graph, params, draw_inputs(graph, seed));
    ASSERT_TRUE(witness.ok()) << witness.status().to_string();
    statement::PublicValues outputs;
    for (const qir::ValueId id : graph.outputs) outputs.push_back(witness->values[id]);
    const Status status =
        prover::check_columns(*compiled, prover::fill_columns(graph, *compiled, params, *witness), outputs);
    EXPECT_TRUE(status.ok()) << status.to_string();
  }
}

class EveryOp : public ::testing::TestWithParam<bool> {};

TEST_P(EveryOp, ProvesAndVerifies) {
  const qir::QGraph graph = qir::every_op_graph();
  ASSERT_TRUE(qir::validate(graph).ok());
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const Case c = prove_graph(graph, GetParam(), seed);
    statement::Header header;
    const Verdict verdict = verifier::verify(c.model.prepared, c.proof.bytes, &header);
    EXPECT_TRUE(verdict.accepted()) << verdict.to_string();
    EXPECT_EQ(header.data.values, c.proof.data.values);
  }
}

TEST_P(EveryOp, AFreshlyParsedKeyVerifies) {
  const Case c = prove_graph(qir::every_op_graph(), GetParam(), 5);
  auto key = statement::parse_key(prover::key_bytes(c.model.prepared.key));
  ASSERT_TRUE(key.ok()) << key.status().to_string();
  auto prepared = verifier::prepare(std::move(key).value());
  ASSERT_TRUE(prepared.ok()) << prepared.status().to_string();
  EXPECT_TRUE(verifier::verify(*prepared, c.proof.bytes, nullptr).accepted());
}

TEST_P(EveryOp, AnotherOutputOrContextIsRejected) {
  const Case c = prove_graph(qir::every_op_graph(), GetParam(), 7);
  Bytes proof = c.proof.bytes;
  proof[statement::kContextOffset] ^= 1;  // context
  EXPECT_FALSE(verifier::verify(c.model.prepared, proof, nullptr).accepted());
  proof = c.proof.bytes;
  proof[statement::kValuesOffset] ^= 1;  // first output
  EXPECT_FALSE(verifier::verify(c.model.prepared, proof, nullptr).accepted());
}

TEST_P(EveryOp, SameSeedSameBytesWhateverTheThreads) {
  const qir::QGraph graph = qir::every_op_graph();
  const ThreadLimit one(1);
  const Bytes first = prove_graph(graph, GetParam(), 9).proof.bytes;
  {
    const ThreadLimit two(2);
    EXPECT_EQ(prove_graph(graph, GetParam(), 9).proof.bytes, first);
  }
}

INSTANTIATE_TEST_SUITE_P(ZeroKnowledge, EveryOp, ::testing::Bool(),
                         [](const auto& tested) { return tested.param ? std::string("On") : std::string("Off"); });

// The four cases of public and private inputs and parameters, all with zero knowledge.
TEST(Visibility, EveryCombinationProvesAndBindsWhatIsPublic) {
  const qir::QGraph graph = qir::every_op_graph();
  for (const bool public_inputs : {false, true}) {
    for (const bool public_params : {false, true}) {
      prover::ModelOptions options = test_options(true);
      options.visibility = {
          {public_inputs ? Exposure::kPublic : Exposure::kPrivate}, {Exposure::kPublic}, public_params};
      auto model = prover::commit_model(graph, draw_params(graph, 3), options, test_seed(1));
      ASSERT_TRUE(model.ok()) << model.status().to_string();
      prover::ProveRequest request;
      request.inputs = draw_inputs(graph, 4);
      auto proof = prover::prove(*model, request);
      ASSERT_TRUE(proof.ok()) << proof.status().to_string();
      statement::Header header;
      EXPECT_TRUE(verifier::verify(model->prepared, proof->bytes, &header).accepted());
      ASSERT_EQ(header.data.values.size(), graph.outputs.size() + (public_inputs ? graph.inputs.size() : 0));
      if (public_inputs) {
        EXPECT_EQ(header.data.values.back(), request.inputs.back());
        Bytes changed = proof->bytes;
        changed[header.num_bytes - 8] ^= 1;  // last element of the last input
        EXPECT_FALSE(verifier::verify(model->prepared, changed, nullptr).accepted());
      }
      // A public model's key is the same whoever derives it; a private one's is not.
      auto again = prover::commit_model(graph, draw_params(graph, 3), options, test_seed(2));
      EXPECT_EQ(prover::key_bytes(again->prepared.key) == prover::key_bytes(model->prepared.key), public_params);
    }
  }
}

TEST(Visibility, ZeroKnowledgeIsOffOnlyWhereNothingIsPrivate) {
  const qir::QGraph graph = qir::every_op_graph();
  const TensorPolicy hidden{Exposure::kPrivate}, open{Exposure::kPublic}, committed{Exposure::kCommitted};
  for (const qir::Visibility& visibility : {qir::Visibility{hidden, open, false},
                                            {open, open, false},
                                            {hidden, open, true},
                                            {open, hidden, true},
                                            {committed, open, true},
                                            {open, committed, true}}) {
    prover::ModelOptions options = test_options(false);
    options.visibility = visibility;
    EXPECT_FALSE(prover::commit_model(graph, draw_params(graph, 3), options, test_seed(1)).ok());
  }
  auto model = prover::commit_model(graph, draw_params(graph, 3), test_options(false), test_seed(1));
  statement::Key key = model->prepared.key;
  key.visibility = {};
  EXPECT_FALSE(statement::parse_key(prover::key_bytes(key)).ok());
}

}  // namespace
}  // namespace zkinfer::e2e
