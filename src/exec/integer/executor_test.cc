// SPDX-License-Identifier: Apache-2.0
#include "exec/integer/executor.h"

#include <random>

#include <gtest/gtest.h>

#include "base/parallel.h"
#include "exec/integer/saturation.h"
#include "qir/test_graphs.h"

namespace zkinfer::exec_integer {
namespace {

using qir::Node;
using qir::Op;
using qir::QGraph;
using qir::TestBuilder;
using qir::ValueId;
using qir::ValueKind;

qir::Weights random_params(const QGraph& graph, std::mt19937_64& random) {
  qir::Weights params(graph.values.size());
  for (std::size_t id = 0; id < params.size(); ++id) {
    const qir::Value& value = graph.values[id];
    if (value.kind != ValueKind::kParam) continue;
    for (std::int64_t i = 0; i < value.shape.num_elements(); ++i) {
      params[id].push_back(static_cast<std::int32_t>(
          value.lo + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(value.hi - value.lo + 1))));
    }
  }
  return params;
}

// Cut off at the upper end, and at the lower one where the range goes below zero; a ReLU cuts nothing off.
TEST(IntegerExecutor, SaturationIsCounted) {
  for (const std::int64_t lo : {std::int64_t{0}, std::int64_t{-100}}) {
    TestBuilder b;
    const ValueId x = b.input({4}, -1000, 1000);
    Node node;
    node.coefs = {1};
    node.requant.table_index = b.clamp_table(-1024, 11, lo, 100);
    b.graph.outputs = {b.node(Op::kLinear, {x}, {4}, lo, 100, node)};
    ASSERT_TRUE(qir::validate(b.graph).ok()) << qir::validate(b.graph).to_string();
    const Result<Witness> witness = run(b.graph, qir::Weights(b.graph.values.size()), {{100, 101, -100, -101}});
    ASSERT_TRUE(witness.ok()) << witness.status().to_string();
    EXPECT_EQ(num_saturated(b.graph, 0, *witness), lo == 0 ? 1U : 2U);
  }
}

TEST(IntegerExecutor, ComparisonsCutNothingOff) {
  TestBuilder b;
  const ValueId x = b.input({4}, -1000, 1000);
  Node node;
  node.coefs = {1};
  node.requant.table_index = b.clamp_table(-1024, 11, 0, 1);
  b.graph.outputs = {b.node(Op::kLinear, {x}, {4}, 0, 1, node)};
  const Result<Witness> witness = run(b.graph, qir::Weights(b.graph.values.size()), {{100, 0, -100, 7}});
  ASSERT_TRUE(witness.ok()) << witness.status().to_string();
  EXPECT_EQ(num_saturated(b.graph, 0, *witness), 0U);
}

TEST(IntegerExecutor, EveryOpStaysInItsDeclaredRangeAndIsDeterministic) {
  const QGraph graph = qir::every_op_graph();
  std::mt19937_64 random(3);
  const qir::Weights params = random_params(graph, random);
  Inputs inputs(1);
  for (int i = 0; i < 72; ++i) inputs[0].push_back(static_cast<std::int64_t>(random() % 256) - 128);
  const Result<Witness> witness = run(graph, params, inputs);
  ASSERT_TRUE(witness.ok()) << witness.status().message();
  for (std::size_t id = 0; id < graph.values.size(); ++id) {
    const qir::Value& value = graph.values[id];
    if (value.kind == ValueKind::kParam) {
      EXPECT_TRUE(witness->values[id].empty());
      continue;
    }
    ASSERT_EQ(static_cast<std::int64_t>(witness->values[id].size()), value.shape.num_elements());
    for (const std::int64_t y : witness->values[id]) EXPECT_TRUE(y >= value.lo && y <= value.hi) << value.name;
  }
  // y = T[(acc + round) >> shift] where acc is kept.
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    const bool kept = node.requant.table_index != qir::kNoTable && node.op != Op::kSoftmax;
    ASSERT_EQ(!witness->acc[i].empty(), kept) << node.name;
    for (std::size_t j = 0; j < witness->acc[i].size(); ++j) {
      const std::int64_t round = node.requant.shift > 0 ? std::int64_t{1} << (node.requant.shift - 1) : 0;
      const std::int64_t argument = (witness->acc[i][j] + round) >> node.requant.shift;
      EXPECT_EQ(witness->values[node.output][j],
                graph.tables[static_cast<std::size_t>(node.requant.table_index)].at(argument));
    }
  }
  const ThreadLimit one_thread(1);
  const Result<Witness> again = run(graph, params, inputs);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->values, witness->values);
  EXPECT_EQ(again->acc, witness->acc);
}

TEST(IntegerExecutor, ErrorsNameNodeValueAndRange) {
  TestBuilder b;
  const ValueId x = b.input({1, 2}, -10, 10);
  const ValueId w = b.param({2, 2}, -100, 100);
  Node matmul;
  matmul.requant = {1, b.range_table(-8, 4)};
  b.graph.outputs = {b.node(Op::kMatMul, {x, w}, {1, 2}, -8, 7, matmul)};
  ASSERT_TRUE(qir::validate(b.graph).ok());
  qir::Weights params = {{}, {1, 0, 0, 1}, {}};
  const Result<Witness> fine = run(b.graph, params, {{10, -10}});
  ASSERT_TRUE(fine.ok()) << fine.status().message();
  EXPECT_EQ(fine->values[2], (std::vector<std::int64_t>{5, -5}));
  EXPECT_EQ(fine->acc[0], (std::vector<std::int64_t>{10, -10}));

  const auto message = [&](const qir::Weights& p, const Inputs& inputs) {
    const Result<Witness> result = run(b.graph, p, inputs);
    return result.ok() ? std::string("accepted") : result.status().to_string();
  };
  EXPECT_NE(message(params, {{11, 0}}).find("input 'v0': element 0 is 11, outside the declared range [-10, 10]"),
            std::string::npos);
  EXPECT_NE(message(params, {{1}}).find("needs 2 values, got 1"), std::string::npos);
  EXPECT_NE(message(params, {}).find("has 1 inputs, got 0"), std::string::npos);
  params[1] = {100, 0, 0, 1};
  EXPECT_NE(
      message(params, {{10, 0}})
          .find("node 'n0' (MatMul): element 0 has accumulator 1000, table argument 500 outside the domain [-8, 7]"),
      std::string::npos);
  params[1] = {101, 0, 0, 1};
  EXPECT_NE(message(params, {{10, 0}}).find("parameter 'v1': element 0 is 101"), std::string::npos);
  params[1] = {1};
  EXPECT_NE(message(params, {{10, 0}}).find("needs 4 values, got 1"), std::string::npos);
  params[1] = {1, 0, 0, 1};
  params[0] = {1};
  EXPECT_NE(message(params, {{10, 0}}).find("is no parameter"), std::string::npos);
}

TEST(IntegerExecutor, TooMuchWorkIsRefused) {
  TestBuilder b;
  const ValueId x = b.input({1, 1, 1}, 0, 1);
  Node pool;
  pool.kernel = {1 << 20}, pool.strides = {1}, pool.dilations = {1}, pool.pads_begin = {1 << 20};
  pool.coefs = {1};
  b.graph.outputs = {b.node(Op::kSumPool, {x}, {1, 1, 1 << 30}, 0, 1 << 20, pool)};
  ASSERT_TRUE(qir::validate(b.graph).ok());
  const Result<Witness> result = run(b.graph, qir::Weights(2), {{1}});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), StatusCode::kResourceLimit);
}

}  // namespace
}  // namespace zkinfer::exec_integer
