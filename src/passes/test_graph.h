// SPDX-License-Identifier: Apache-2.0
// Graphs with input "x" and output "y" for the tests of passes.
#pragma once

#include <random>

#include <gtest/gtest.h>

#include "ir/graph.h"

namespace zkinfer::passes {

using ir::Graph;
using ir::OpKind;
using ir::ValueId;

inline FloatTensor random_tensor(Shape shape, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(0.1F, 1);
  FloatTensor tensor(std::move(shape));
  for (float& x : tensor.data()) x = uniform(generator) * (generator() % 2 == 0 ? 1.0F : -1.0F);
  return tensor;
}

inline ValueId input(Graph& graph, Shape shape) { return graph.add_input("x", ir::DataType::kFloat, std::move(shape)); }
inline ValueId constant(Graph& graph, Shape shape) {
  return graph.add_constant("c", random_tensor(std::move(shape), 9));
}
inline ValueId number(Graph& graph, float x) { return graph.add_constant("n", FloatTensor(Shape{}, {x})); }
inline void finish(Graph& graph, Result<ValueId> last) {
  ASSERT_TRUE(last.ok()) << last.status().to_string();
  graph.outputs = {*last};
}
inline ValueId node(Graph& graph, OpKind op, std::vector<ValueId> inputs, ir::Attributes attributes = {}) {
  Result<ValueId> made = graph.add_node(op, "step", std::move(inputs), std::move(attributes));
  EXPECT_TRUE(made.ok()) << made.status().to_string();
  return made.ok() ? *made : 0;
}
inline Result<ValueId> last(Graph& graph, OpKind op, std::vector<ValueId> inputs, ir::Attributes attributes = {}) {
  return graph.add_node(op, "y", std::move(inputs), std::move(attributes));
}

}  // namespace zkinfer::passes
