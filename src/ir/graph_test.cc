// SPDX-License-Identifier: Apache-2.0
#include "ir/graph.h"

#include <gtest/gtest.h>

#include "ir/op_table.h"

namespace zkinfer::ir {
namespace {

Graph conv_relu() {
  Graph graph;
  graph.name = "conv_relu";
  const ValueId x = graph.add_input("x", DataType::kFloat, {1, 2, 5, 5});
  const ValueId w = graph.add_constant("w", FloatTensor(Shape{4, 2, 3, 3}));
  const ConvAttributes conv{{2, 2}, {1, 1}, {1, 1}, {1, 1}, 1};
  const ValueId y = graph.add_node(OpKind::kConv, "conv", {x, w}, conv).value();
  graph.outputs = {graph.add_node(OpKind::kRelu, "relu", {y}).value()};
  return graph;
}

TEST(Graph, InfersVerifiesAndPrints) {
  const Graph graph = conv_relu();
  ASSERT_TRUE(verify(graph).ok()) << verify(graph).to_string();
  EXPECT_EQ(graph.value(graph.outputs[0]).shape, (Shape{1, 4, 3, 3}));
  EXPECT_EQ(to_text(graph),
            "graph 'conv_relu'\n"
            "  input 'x' float[1, 2, 5, 5]\n"
            "  constant 'w' float[4, 2, 3, 3]\n"
            "  'conv' float[1, 4, 3, 3] = Conv('x', 'w') strides=[2, 2] dilations=[1, 1] pads_begin=[1, 1] "
            "pads_end=[1, 1] groups=1  # conv\n"
            "  'relu' float[1, 4, 3, 3] = Relu('conv')  # relu\n"
            "  output 'relu' float[1, 4, 3, 3]\n");
  EXPECT_NE(to_dot(graph).find("n0 -> n1"), std::string::npos);
}

TEST(Graph, NamesBecomeUnique) {
  Graph graph;
  const ValueId a = graph.add_input("x", DataType::kFloat, {1});
  const ValueId b = graph.add_input("x", DataType::kFloat, {1});
  EXPECT_NE(graph.value(a).name, graph.value(b).name);
  EXPECT_TRUE(verify(graph).ok());
}

TEST(Graph, InferenceErrorsNameTheNode) {
  Graph graph;
  const ValueId x = graph.add_input("x", DataType::kFloat, {2, 3});
  const Result<ValueId> bad = graph.add_node(OpKind::kMatMul, "fc1", {x, x});
  ASSERT_FALSE(bad.ok());
  EXPECT_NE(bad.status().message().find("'fc1' (MatMul)"), std::string::npos) << bad.status().message();
  EXPECT_FALSE(graph.add_node(OpKind::kMatMul, "fc1", {x}).ok()) << "arity";
  EXPECT_FALSE(graph.add_node(OpKind::kClip, "clip", {x}).ok()) << "attributes of another operator";
}

TEST(Graph, VerifyFindsBrokenGraphs) {
  Graph graph = conv_relu();
  std::swap(graph.nodes[0], graph.nodes[1]);
  EXPECT_EQ(verify(graph).code(), StatusCode::kInternal) << "order";
  graph = conv_relu();
  graph.value(graph.outputs[0]).shape = Shape{1};
  EXPECT_FALSE(verify(graph).ok()) << "shape";
  graph = conv_relu();
  graph.nodes[1].name = graph.nodes[0].name;
  EXPECT_FALSE(verify(graph).ok()) << "node names";
  graph = conv_relu();
  graph.nodes[1].output = graph.nodes[0].output;
  EXPECT_FALSE(verify(graph).ok()) << "two producers";
  graph = conv_relu();
  graph.outputs = {99};
  EXPECT_FALSE(verify(graph).ok()) << "output out of range";
}

TEST(Graph, CompactDropsDeadCode) {
  Graph graph = conv_relu();
  (void)graph.add_node(OpKind::kRelu, "dead", {graph.inputs[0]}).value();
  graph.add_constant("unused", FloatTensor(Shape{7}));
  compact(graph);
  EXPECT_EQ(graph.nodes.size(), 2U);
  EXPECT_EQ(graph.values.size(), 4U);
  EXPECT_TRUE(verify(graph).ok()) << verify(graph).to_string();
}

struct WindowCase {
  Dims kernel, strides, dilations, begin, end;
  Shape input, output;
};

TEST(Inference, ConvolutionAndPoolWindows) {
  const WindowCase cases[] = {
      {{3}, {1}, {1}, {0}, {0}, {1, 2, 10}, {1, 4, 8}},
      {{3}, {2}, {2}, {1}, {2}, {1, 2, 10}, {1, 4, 5}},
      {{3, 3}, {1, 2}, {1, 1}, {0, 1}, {0, 1}, {2, 2, 7, 7}, {2, 4, 5, 4}},
  };
  for (const WindowCase& c : cases) {
    Graph graph;
    const ValueId x = graph.add_input("x", DataType::kFloat, c.input);
    Dims weight{4, 2};
    weight.insert(weight.end(), c.kernel.begin(), c.kernel.end());
    const ValueId w = graph.add_constant("w", FloatTensor(Shape(weight)));
    const Result<ValueId> y =
        graph.add_node(OpKind::kConv, "c", {x, w}, ConvAttributes{c.strides, c.dilations, c.begin, c.end, 1});
    ASSERT_TRUE(y.ok()) << y.status().to_string();
    EXPECT_EQ(graph.value(*y).shape, c.output);
  }
}

TEST(OpTable, EveryRowHasADocAndOtherNames) {
  std::unordered_set<std::string> names;
  for (std::size_t i = 0; i < kNumOps; ++i) {
    const OpSchema& row = schema(static_cast<OpKind>(i));
    EXPECT_FALSE(row.doc.empty());
    EXPECT_TRUE(names.insert(std::string(row.name)).second) << row.name;
  }
}

}  // namespace
}  // namespace zkinfer::ir
