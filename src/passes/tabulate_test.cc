// SPDX-License-Identifier: Apache-2.0
// Curves between integers of few values: lists that hold what the network's own arithmetic gives.
#include <algorithm>

#include "exec/float/float_executor.h"
#include "ir/functions.h"
#include "passes/legalize.h"
#include "passes/rewrites.h"
#include "passes/test_graph.h"

namespace zkinfer::passes {
namespace {

// round(f((q - 120) s) / t) within 0..255 of q in the given range, f made by `curve`.
Graph quantized(ir::IntegerRange range, ValueId (*curve)(Graph&, ValueId)) {
  Graph graph;
  const ValueId q = graph.add_input("x", ir::DataType::kInt64, Shape{1, 256});
  graph.value(q).declared = range;
  const ValueId real = node(graph, OpKind::kCast, {q}, ir::CastAttributes{ir::DataType::kFloat});
  const ValueId scaled =
      node(graph, OpKind::kMul, {node(graph, OpKind::kSub, {real, number(graph, 120)}), number(graph, 0.0234F)});
  const ValueId rounded =
      node(graph, OpKind::kFunction, {node(graph, OpKind::kDiv, {curve(graph, scaled), number(graph, 0.011F)})},
           ir::FunctionAttributes{ir::function("Round")});
  const ValueId clipped = node(graph, OpKind::kClip, {rounded}, ir::ClipAttributes{-128, 127});
  finish(graph, last(graph, OpKind::kCast, {clipped}, ir::CastAttributes{ir::DataType::kInt64}));
  graph.value(graph.outputs[0]).declared = ir::IntegerRange{-128, 127};
  return graph;
}

std::int64_t count(const Graph& graph, OpKind kind) {
  return std::count_if(graph.nodes.begin(), graph.nodes.end(), [&](const ir::Node& n) { return n.op == kind; });
}

void expect_list(const Graph& graph, std::int64_t least) {
  const Result<Graph> after = tabulate(graph);
  ASSERT_TRUE(after.ok()) << after.status().to_string();
  EXPECT_EQ(count(*after, OpKind::kGather), 1);
  EXPECT_EQ(count(*after, OpKind::kFunction), 0);
  FloatTensor x(Shape{1, 256});
  for (std::size_t i = 0; i < 256; ++i) x[i] = static_cast<float>(static_cast<std::int64_t>(i) + least);
  EXPECT_EQ(exec_float::run_float(graph, {{"x", x}})->at("y"), exec_float::run_float(*after, {{"x", x}})->at("y"));
  EXPECT_TRUE(legalize(graph).ok());
}

ValueId sigmoid(Graph& graph, ValueId x) {
  return node(graph, OpKind::kFunction, {x}, ir::FunctionAttributes{ir::function("Sigmoid")});
}

TEST(Tabulate, CurvesOfOneAndOfSeveralOperators) {
  expect_list(quantized({0, 255}, sigmoid), 0);
  expect_list(quantized({-128, 127}, sigmoid), -128);
  // Swish as exporters write it.
  expect_list(quantized({0, 255},
                        [](Graph& graph, ValueId x) {
                          return node(graph, OpKind::kMul, {x, sigmoid(graph, x)});
                        }),
              0);
  expect_list(quantized({0, 255},
                        [](Graph& graph, ValueId x) {
                          return node(graph, OpKind::kLeakyRelu, {x}, ir::LeakyReluAttributes{0.1F});
                        }),
              0);
}

TEST(Tabulate, LeavesWhatIsExactOrTooWide) {
  const Graph clamp = quantized({0, 255}, [](Graph& graph, ValueId x) { return node(graph, OpKind::kRelu, {x}); });
  EXPECT_EQ(count(*tabulate(clamp), OpKind::kGather), 0);
  EXPECT_EQ(count(*tabulate(quantized({0, std::int64_t{1} << 20}, sigmoid)), OpKind::kGather), 0);
  // Of two tensors.
  const Graph two = quantized({0, 255}, [](Graph& graph, ValueId x) {
    const ValueId other = graph.add_input("z", ir::DataType::kInt64, Shape{1, 256});
    graph.value(other).declared = ir::IntegerRange{0, 255};
    const ValueId real = node(graph, OpKind::kCast, {other}, ir::CastAttributes{ir::DataType::kFloat});
    return node(graph, OpKind::kMul, {sigmoid(graph, x), real});
  });
  EXPECT_EQ(count(*tabulate(two), OpKind::kGather), 0);
}

}  // namespace
}  // namespace zkinfer::passes
