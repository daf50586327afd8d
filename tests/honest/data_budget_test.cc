// SPDX-License-Identifier: Apache-2.0
// What a prover does with a tensor commitment under somebody else's key: the commitment's random rows are for `budget` proofs of
// the queries that it was made for, whatever the key says.
#include <gtest/gtest.h>

#include "support/session.h"
#include "support/small_graphs.h"

namespace zkinfer::e2e {
namespace {

constexpr TensorPolicy kCommitted{Exposure::kCommitted, TensorHash::kNone};

prover::CommittedModel commit(const qir::QGraph& graph, std::uint64_t budget, std::uint64_t tensor_budget,
                              std::uint8_t seed) {
  prover::ModelOptions options = test_options(true);
  options.visibility.inputs = kCommitted;
  options.budget = budget;
  options.tensor_budget = tensor_budget;
  return prover::commit_model(graph, draw_params(graph, seed), options, test_seed(seed)).value();
}

prover::ProveRequest request_of(const std::vector<const prover::CommittedValues*>& inputs) {
  prover::ProveRequest request;
  request.committed_inputs = inputs;
  return request;
}

prover::CommittedValues commit_input(const prover::CommittedModel& model, std::uint8_t seed, std::size_t index = 0) {
  const std::vector<std::int64_t> values = draw_inputs(model.prepared.key.graph, 5)[0];
  return prover::commit_tensor(values, model.prepared.key.params.data[index], test_seed(seed)).value();
}

// A key may declare another oracle for the same data: with another budget, more queries, fewer random rows. Nothing of the
// commitment is opened under it.
TEST(DataBudget, OtherParametersAreRefused) {
  const qir::QGraph graph = mlp_graph();
  const prover::CommittedModel model = commit(graph, 4, 3, 1);
  const prover::CommittedValues data = commit_input(model, 9);
  ASSERT_TRUE(prover::prove(model, request_of({&data})).ok());
  EXPECT_FALSE(prover::prove(commit(graph, 4, 2, 1), request_of({&data})).ok()) << "another budget";
  const auto change = [&](auto edit) {
    prover::CommittedModel other = commit(graph, 4, 3, 1);
    edit(other.prepared.key.params.data[0]);
    const auto proof = prover::prove(other, request_of({&data}));
    EXPECT_FALSE(proof.ok());
    EXPECT_NE(proof.status().to_string().find("other parameters"), std::string::npos) << proof.status().to_string();
  };
  change([](pcs::TensorOracle& oracle) { --oracle.budget; });
  change([](pcs::TensorOracle& oracle) { ++oracle.oracle.num_queries; });
  change([](pcs::TensorOracle& oracle) { --oracle.oracle.num_random_coefs; });
  change([](pcs::TensorOracle& oracle) { ++oracle.oracle.log_domain; });
}

TEST(DataBudget, TwiceInOneProofIsRefused) {
  qir::TestBuilder b;
  qir::Node concat;
  concat.axes = {1};
  const std::vector<qir::ValueId> inputs = {b.input({1, 3}, -8, 7), b.input({1, 3}, -8, 7)};
  b.graph.outputs = {b.node(qir::Op::kConcat, inputs, {1, 6}, -8, 7, concat)};
  const prover::CommittedModel model = commit(b.graph, 0, 3, 1);
  const prover::CommittedValues once = commit_input(model, 9);
  const prover::CommittedValues again = commit_input(model, 10);
  EXPECT_TRUE(prover::prove(model, request_of({&once, &again})).ok());
  const auto proof = prover::prove(model, request_of({&once, &once}));
  ASSERT_FALSE(proof.ok());
  EXPECT_NE(proof.status().to_string().find("the same commitment"), std::string::npos) << proof.status().to_string();
}

// Two models with other weights, budgets and shapes of W: what the statements say of the data is the same, byte for byte.
TEST(DataBudget, OneCommitmentUnderTwoKeys) {
  const prover::CommittedModel first = commit(mlp_graph(), 4, 3, 1);
  const prover::CommittedModel second = commit(mlp_graph(), 9, 3, 2);
  EXPECT_NE(first.prepared.key.params.model, second.prepared.key.params.model);
  const prover::CommittedValues data = commit_input(first, 9);
  for (const prover::CommittedModel* model : {&first, &second}) {
    const prover::Proof proof = prover::prove(*model, request_of({&data})).value();
    EXPECT_EQ(proof.data.commitments, std::vector{data.commitment});
    EXPECT_EQ(verifier::verify(model->prepared, proof.bytes, nullptr).to_string(), "accepted");
  }
}

}  // namespace
}  // namespace zkinfer::e2e
