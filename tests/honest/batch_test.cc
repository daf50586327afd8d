// SPDX-License-Identifier: Apache-2.0
// Batches: one proof of many rows says what one proof of each says.
#include <algorithm>

#include <gtest/gtest.h>

#include "prover/check_columns.h"
#include "prover/prove_batch.h"
#include "support/session.h"
#include "support/small_graphs.h"
#include "verifier/batch.h"

namespace zkinfer::e2e {
namespace {

// Inputs of so many rows, each drawn from its own seed.
std::vector<std::vector<std::int64_t>> draw_rows(const qir::QGraph& graph, std::uint64_t num_rows) {
  std::vector<std::vector<std::int64_t>> rows(graph.inputs.size());
  for (std::uint64_t row = 0; row < num_rows; ++row) {
    const auto inputs = draw_inputs(graph, 100 + row);
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i].insert(rows[i].end(), inputs[i].begin(), inputs[i].end());
  }
  return rows;
}

class Batch : public ::testing::TestWithParam<bool> {};

TEST_P(Batch, SaysOfEveryRowWhatItsOwnProofSays) {
  for (const NamedGraph& named : small_graphs()) {
    Session session(named.graph, GetParam());
    for (const std::uint64_t num_rows : {1, 2, 7}) {
      const auto plan = prover::plan_batch(session.model, num_rows);
      ASSERT_TRUE(plan.ok()) << named.name << ": " << plan.status().to_string();
      prover::ProveRequest request;
      request.inputs = draw_rows(named.graph, num_rows);
      const auto batch = prover::prove_batch(session.model, *plan, request);
      ASSERT_TRUE(batch.ok()) << named.name << ": " << batch.status().to_string();
      statement::Header header;
      const Verdict verdict = verifier::verify_batch(session.model.prepared, batch->bytes, {}, &header);
      ASSERT_TRUE(verdict.accepted()) << named.name << " " << num_rows << ": " << verdict.to_string();
      EXPECT_EQ(header.data.num_rows, num_rows);
      for (std::uint64_t row = 0; row < num_rows; ++row) {
        session.request.inputs = draw_inputs(named.graph, 100 + row);
        const prover::Proof single = session.prove();
        for (std::size_t v = 0; v < single.data.values.size(); ++v) {
          const std::vector<std::int64_t>& own = single.data.values[v];
          const auto part = header.data.values[v].begin() + static_cast<std::ptrdiff_t>(row * own.size());
          EXPECT_TRUE(std::equal(own.begin(), own.end(), part)) << named.name << " row " << row << " value " << v;
        }
      }
    }
  }
}

TEST_P(Batch, ManyRows) {
  const Session session(mlp_graph(), GetParam());
  const auto plan = prover::plan_batch(session.model, 64).value();
  prover::ProveRequest request;
  request.inputs = draw_rows(session.graph, 64);
  const auto batch = prover::prove_batch(session.model, plan, request).value();
  EXPECT_TRUE(verifier::verify_batch(session.model.prepared, batch.bytes, {}, nullptr).accepted());
  EXPECT_EQ(verifier::batch_head(batch.bytes)->num_rows, 64u);
  EXPECT_EQ(verifier::batch_head(batch.bytes)->identity, session.model.prepared.identity);
  EXPECT_FALSE(verifier::batch_head(session.prove().bytes).has_value());
}

INSTANTIATE_TEST_SUITE_P(ZeroKnowledge, Batch, ::testing::Bool(),
                         [](const auto& tested) { return tested.param ? std::string("On") : std::string("Off"); });

// What is hashed is hashed row by row; what is committed is one tensor of all rows.
TEST(BatchStatement, DigestsAndCommitments) {
  const std::vector<std::pair<TensorPolicy, TensorPolicy>> groups = {
      {{Exposure::kPrivate, TensorHash::kSha256}, {Exposure::kPublic, TensorHash::kNone}},
      {{Exposure::kPublic, TensorHash::kKeccak256}, {Exposure::kPrivate, TensorHash::kSha256}},
      {{Exposure::kCommitted, TensorHash::kNone}, {Exposure::kCommitted, TensorHash::kNone}}};
  for (const auto& [inputs, outputs] : groups) {
    prover::ModelOptions options = test_options(true);
    options.visibility = {inputs, outputs, false};
    const Session session(mul_graph(), options);
    const auto plan = prover::plan_batch(session.model, 3).value();
    prover::ProveRequest request;
    request.inputs = draw_rows(session.graph, 3);
    std::vector<prover::CommittedValues> committed;
    if (inputs.is_committed()) {
      committed.push_back(
          prover::commit_tensor(request.inputs[0], plan.prepared.key.params.data[1], test_seed(100)).value());
      request.committed_inputs = {&committed[0]};
    }
    const auto batch = prover::prove_batch(session.model, plan, request).value();
    statement::PublicValues beside;
    if (inputs.is_public()) beside = {request.inputs[0]};
    statement::Header header;
    const Verdict verdict = verifier::verify_batch(session.model.prepared, batch.bytes, beside, &header);
    EXPECT_TRUE(verdict.accepted()) << verdict.to_string();
    EXPECT_EQ(header.data.digests.size(),
              3u * ((inputs.hash != TensorHash::kNone ? 1 : 0) + (outputs.hash != TensorHash::kNone ? 1 : 0)));
    EXPECT_EQ(header.data.commitments.size(), inputs.is_committed() ? 2u : 0u);
    if (!inputs.is_public()) continue;
    beside[0][0] ^= 1;
    EXPECT_EQ(verifier::verify_batch(session.model.prepared, batch.bytes, beside, nullptr).reason,
              RejectReason::kBadPublicValue);
  }
}

// The parameters' columns, their layout and what is made of parameters alone are as in a proof of one row.
TEST(BatchCircuit, SharesWhatParametersGive) {
  qir::TestBuilder b;
  const std::int32_t range = b.range_table(-1024, 11);
  const qir::ValueId x = b.input({2, 3}, -4, 3);
  const qir::ValueId w = b.param({3, 4}, -7, 7);
  // Rounded, so a column of its own: of the weights, not of a row.
  const qir::ValueId half = b.node(qir::Op::kLinear, {w}, {3, 4}, -1024, 1023, with_coefs({5}, {1, range}));
  b.graph.outputs = {b.node(qir::Op::kMatMul, {x, half}, {2, 4}, -12288, 12288)};
  const circuit::Circuit one = relations::build(b.graph, {}, relations::kMaxCircuitBytes, nullptr, 9).value();
  const circuit::Circuit many = relations::build_batch(b.graph, {}, 9).value();
  ASSERT_EQ(one.columns.size(), many.columns.size());
  std::size_t shared = 0, of_rows = 0;
  for (std::size_t id = 0; id < one.columns.size(); ++id) {
    const bool is_model = one.columns[id].oracle == circuit::Oracle::kModel;
    if (is_model || one.columns[id].is_shared) {
      EXPECT_EQ(one.columns[id].shape, many.columns[id].shape) << one.columns[id].name;
      ++shared;
    } else if (many.columns[id].num_elements() == 9 * one.columns[id].num_elements()) {
      ++of_rows;
    }
  }
  EXPECT_GE(shared, 2u);
  EXPECT_GE(of_rows, 1u);
  const circuit::Layout before = circuit::place_columns(one, circuit::Oracle::kModel, 2);
  const circuit::Layout after = circuit::place_columns(many, circuit::Oracle::kModel, 2);
  EXPECT_EQ(before.num_coefs, after.num_coefs);
  EXPECT_EQ(before.lanes, after.lanes);
}

// Relations are chosen for all rows together: a table that would cost more than it saves in one row pays in many.
TEST(BatchCircuit, TablesPayForManyRows) {
  qir::TestBuilder b;
  const qir::ValueId x = b.input({2, 2}, -4000, 7);
  qir::Node last;
  last.axes = {1};
  b.graph.outputs = {b.node(qir::Op::kReduceMax, {x}, {2, 1}, -4000, 7, last)};
  const qir::QGraph& graph = b.graph;
  const auto lookups_of_maximum = [&](std::uint64_t num_rows) {
    const circuit::Circuit one = relations::build(graph, {}, relations::kMaxCircuitBytes, nullptr, num_rows).value();
    return std::ranges::count_if(one.lookups,
                                 [](const circuit::Lookup& lookup) { return lookup.name == "n0 maximum"; });
  };
  EXPECT_EQ(lookups_of_maximum(1), 0) << "cut into limbs";
  EXPECT_EQ(lookups_of_maximum(1 << 14), 1) << "in a table of its own";
}

// A row that the program itself refuses is named; nothing is proven.
TEST(BatchInput, ErrorsNameTheRow) {
  const Session session(mlp_graph(), true);
  const auto plan = prover::plan_batch(session.model, 3).value();
  prover::ProveRequest request;
  request.inputs = draw_rows(session.graph, 3);
  request.inputs[0][6 + 2] = 100;
  const auto outside = prover::prove_batch(session.model, plan, request);
  EXPECT_EQ(outside.status().code(), StatusCode::kOutOfRange);
  EXPECT_NE(outside.status().message().find("row 1"), std::string::npos) << outside.status().message();
  request.inputs[0].pop_back();
  EXPECT_EQ(prover::prove_batch(session.model, plan, request).status().code(), StatusCode::kInvalidArgument);
  EXPECT_FALSE(prover::plan_batch(session.model, 0).ok());
  EXPECT_FALSE(prover::plan_batch(session.model, std::uint64_t{1} << 27).ok());
}

}  // namespace
}  // namespace zkinfer::e2e
