// SPDX-License-Identifier: Apache-2.0
// Programs for other weights: valid whatever the weights, no input is refused, and nothing changes where the weights do not.
#include "quant/new_weights.h"

#include <random>

#include <gtest/gtest.h>

#include "exec/integer/executor.h"
#include "ir/functions.h"
#include "quant/quantize.h"

namespace zkinfer::quant {
namespace {

using ir::OpKind;
using ir::ValueId;

class NewWeights : public ::testing::Test {
 protected:
  FloatTensor draw(Shape shape, float scale) {
    FloatTensor tensor(std::move(shape));
    for (float& x : tensor.data()) x = scale * std::normal_distribution<float>()(random_);
    return tensor;
  }
  ValueId op(OpKind kind, std::vector<ValueId> inputs, ir::Attributes attributes = {}) {
    return *graph_.add_node(kind, "n" + std::to_string(graph_.nodes.size()), std::move(inputs), std::move(attributes));
  }
  ValueId constant(Shape shape, float scale) { return graph_.add_constant("c", draw(std::move(shape), scale)); }
  ValueId function(std::string_view name, ValueId x) {
    const ir::FunctionId id = *ir::find_function(name);
    return op(OpKind::kFunction, {x}, ir::FunctionAttributes{id, ir::row_of(id).a.missing, ir::row_of(id).b.missing});
  }

  // A clamp, a list or pieces, wide values, a softmax, a residual and the last layer.
  Quantized quantized() {
    const ValueId x = graph_.add_input("x", ir::DataType::kFloat, Shape{1, 8});
    const ValueId a = op(OpKind::kRelu,
                         {op(OpKind::kAdd, {op(OpKind::kMatMul, {x, constant({8, 12}, 0.5F)}), constant({12}, 0.1F)})});
    const ValueId b = function("Sigmoid", op(OpKind::kMatMul, {a, constant({12, 12}, 0.5F)}));
    const ValueId c = op(OpKind::kAdd, {a, op(OpKind::kMatMul, {b, constant({12, 12}, 0.5F)})});
    const ValueId d =
        op(OpKind::kSoftmax, {op(OpKind::kMatMul, {c, constant({12, 6}, 0.5F)})}, ir::SoftmaxAttributes{1});
    graph_.outputs = {op(OpKind::kMatMul, {d, constant({6, 3}, 1)}), c};
    std::vector<TensorMap> inputs(40);
    for (TensorMap& map : inputs) map.emplace("x", draw({1, 8}, 1));
    QuantOptions options;
    options.activation_bits = 10;
    options.shift = 10;
    Result<Quantized> result = quantize(graph_, inputs, options);
    EXPECT_TRUE(result.ok()) << result.status().to_string();
    return std::move(result).value();
  }

  void expect_no_refusal(const qir::QGraph& graph, const qir::WeightStore& weights) {
    const qir::Value& input = graph.value(graph.inputs[0]);
    for (int round = 0; round < 30; ++round) {
      exec_integer::Inputs inputs = {std::vector<std::int64_t>(8)};
      for (std::int64_t& x : inputs[0]) {
        const std::int64_t ends[2] = {input.lo, input.hi};
        x = round < 15 ? ends[random_() % 2] : std::uniform_int_distribution<std::int64_t>(input.lo, input.hi)(random_);
      }
      const auto witness = exec_integer::run(graph, weights, inputs);
      ASSERT_TRUE(witness.ok()) << witness.status().to_string();
    }
  }

  std::mt19937 random_{1};
  ir::Graph graph_;
};

TEST_F(NewWeights, TheSameWeightsGiveTheSameProgram) {
  const Quantized model = quantized();
  const auto again = with_new_weights(model.graph, model.params);
  ASSERT_TRUE(again.ok()) << again.status().to_string();
  EXPECT_EQ(qir::structure_bytes(*again), qir::structure_bytes(model.graph));
}

TEST_F(NewWeights, AnyWeightsGiveAProgramThatTakesEveryInput) {
  const Quantized model = quantized();
  for (const int factor : {2, 7, 40}) {
    qir::Weights weights = model.params;
    for (std::vector<std::int32_t>& tensor : weights)
      for (std::int32_t& w : tensor)
        w = static_cast<std::int32_t>(std::clamp<std::int64_t>(std::int64_t{w} * factor, -2000000000, 2000000000)) +
            static_cast<std::int32_t>(random_() % 100);
    const auto graph = with_new_weights(model.graph, weights);
    ASSERT_TRUE(graph.ok()) << graph.status().to_string();
    EXPECT_TRUE(qir::validate(*graph).ok());
    expect_no_refusal(*graph, weights);
  }
}

TEST_F(NewWeights, ListsGoOnAsTheyEnd) {
  const Quantized model = quantized();
  qir::Weights weights = model.params;
  for (std::vector<std::int32_t>& tensor : weights)
    for (std::int32_t& w : tensor)
      w = static_cast<std::int32_t>(std::clamp<std::int64_t>(std::int64_t{w} * 9, -2000000000, 2000000000));
  const auto graph = with_new_weights(model.graph, weights);
  ASSERT_TRUE(graph.ok()) << graph.status().to_string();
  ASSERT_EQ(graph->tables.size(), model.graph.tables.size());
  for (std::size_t i = 0; i < graph->tables.size(); ++i) {
    const qir::Table& before = model.graph.tables[i];
    const qir::Table& after = graph->tables[i];
    const std::int64_t last = before.first + before.num_rows() - 1;
    for (const std::int64_t x : {after.first, before.first - 1, before.first, before.first + 1, last - 1, last,
                                 last + 1, after.first + after.num_rows() - 1}) {
      if (!after.contains(x)) continue;
      const bool unbounded = before.kind == qir::TableKind::kRange || before.kind == qir::TableKind::kClamp;
      EXPECT_EQ(after.at(x), unbounded ? after.at(x) : before.at(std::clamp(x, before.first, last)))
          << i << " at " << x;
    }
  }
}

TEST_F(NewWeights, WhatCannotBeProvedIsRefused) {
  Quantized model = quantized();
  qir::Value& input = model.graph.values[model.graph.inputs[0]];
  input.lo = -(std::int64_t{1} << 36);
  input.hi = -input.lo;
  qir::Weights weights = model.params;
  for (std::vector<std::int32_t>& tensor : weights)
    for (std::int32_t& w : tensor) w = 2147483647;
  const auto graph = with_new_weights(model.graph, weights);
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.status().code(), StatusCode::kUnsupported);
}

}  // namespace
}  // namespace zkinfer::quant
