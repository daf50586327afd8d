// SPDX-License-Identifier: Apache-2.0
// What of an output is compared: labels are equal or not, and have no errors.
#include "quant/fidelity.h"

#include <random>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "quant/quantize.h"

namespace zkinfer::quant {
namespace {

using ir::OpKind;
using ir::ValueId;

class Labels : public ::testing::Test {
 protected:
  FloatTensor drawn(const Shape& shape, float bound) {
    FloatTensor tensor(shape);
    for (float& x : tensor.data()) x = std::uniform_real_distribution<float>(-bound, bound)(random_);
    return tensor;
  }
  ValueId op(OpKind kind, std::vector<ValueId> inputs, ir::Attributes attributes = {}) {
    Result<ValueId> id =
        graph_.add_node(kind, "n" + std::to_string(graph_.nodes.size()), std::move(inputs), std::move(attributes));
    EXPECT_TRUE(id.ok()) << id.status().to_string();
    return id.ok() ? *id : 0;
  }

  ir::Graph graph_;
  std::mt19937 random_{7};
};

// How far the number of one class is from another's means nothing, whatever became of it since; a tree's leaves are values.
TEST_F(Labels, WhatWasChosenHasNoErrors) {
  const ValueId x = graph_.add_input("x", ir::DataType::kFloat, Shape{4, 6});
  const ValueId scores = op(OpKind::kMatMul, {x, graph_.add_constant("w", drawn(Shape{6, 5}, 1))});
  const ValueId chosen = op(OpKind::kArgMax, {scores}, ir::ArgMaxAttributes{1, true});
  const ValueId classes =
      graph_.add_constant("classes", AnyTensor(IntTensor(Shape{5}, {3, 7, 1, 40, 22})), ir::DataType::kInt64);
  const ValueId leaves = graph_.add_constant("leaves", drawn(Shape{5}, 1));
  const std::vector<std::pair<ValueId, OutputKind>> cases = {
      {chosen, OutputKind::kLabels},
      {op(OpKind::kCast, {chosen}, ir::CastAttributes{ir::DataType::kFloat}), OutputKind::kLabels},
      {op(OpKind::kGather, {classes, chosen}, ir::GatherAttributes{0}), OutputKind::kLabels},
      {op(OpKind::kSort, {scores}, ir::SortAttributes{1, true}), OutputKind::kLabels},
      {op(OpKind::kLess, {scores, graph_.add_constant("threshold", drawn(Shape{1}, 1))}), OutputKind::kLabels},
      {op(OpKind::kGather, {leaves, chosen}, ir::GatherAttributes{0}), OutputKind::kValues},
      {scores, OutputKind::kScores}};
  for (const auto& [id, kind] : cases) graph_.outputs.push_back(id);
  const std::vector<OutputKind> kinds = output_kinds(graph_);
  for (std::size_t i = 0; i < cases.size(); ++i) EXPECT_EQ(kinds[i], cases[i].second) << "output " << i;

  graph_.outputs = {chosen};
  std::vector<TensorMap> inputs(20);
  for (TensorMap& input : inputs) input.emplace("x", drawn(Shape{4, 6}, 1));
  const Result<Quantized> quantized = quantize(graph_, inputs);
  ASSERT_TRUE(quantized.ok()) << quantized.status().to_string();
  const Result<Fidelity> report = compare(graph_, quantized->graph, quantized->params, inputs);
  ASSERT_TRUE(report.ok()) << report.status().to_string();
  ASSERT_EQ(report->outputs.size(), 1U);
  EXPECT_EQ(report->outputs[0].kind, OutputKind::kLabels);
  EXPECT_GE(report->agreement().value_or(0), 0.95);
  EXPECT_FALSE(report->outputs[0].cosine || report->outputs[0].mean_abs_error);
  EXPECT_FALSE(report->max_abs_error() || report->error_of_largest() || report->relative_error());
  EXPECT_TRUE(report->meets(0));
  for (const TensorFidelity& layer : report->layers)
    EXPECT_EQ(layer.max_abs_error.has_value(), layer.kind != OutputKind::kLabels) << layer.name;
  EXPECT_EQ(fidelity_text(*report).find("nan"), std::string::npos);
}

}  // namespace
}  // namespace zkinfer::quant
