// SPDX-License-Identifier: Apache-2.0
// Inputs whose integers are given from outside: a chain of two models speaks of the same integers.
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "exec/float/float_executor.h"
#include "exec/integer/executor.h"
#include "quant/fidelity.h"
#include "quant/quantize.h"

namespace zkinfer::quant {
namespace {

using ir::OpKind;
using ir::ValueId;

FloatTensor draw(std::mt19937& random, Shape shape, float bound) {
  FloatTensor tensor(std::move(shape));
  for (float& x : tensor.data()) x = std::uniform_real_distribution<float>(-bound, bound)(random);
  return tensor;
}

// [1, depth] -> [1, width], then perhaps Relu.
ir::Graph layer(std::int64_t depth, std::int64_t width, bool relu, unsigned seed) {
  std::mt19937 random(seed);
  ir::Graph graph;
  const ValueId x = graph.add_input("x", ir::DataType::kFloat, {1, depth});
  const ValueId w = graph.add_constant("w", draw(random, {depth, width}, 0.4F));
  ValueId y = graph.add_node(OpKind::kMatMul, "layer", {x, w}).value();
  if (relu) y = graph.add_node(OpKind::kRelu, "relu", {y}).value();
  graph.outputs = {y};
  return graph;
}

std::vector<TensorMap> inputs_of(const std::vector<FloatTensor>& tensors) {
  std::vector<TensorMap> maps;
  for (const FloatTensor& tensor : tensors) maps.push_back({{"x", tensor}});
  return maps;
}

// Outputs of the integer model on some inputs, as integers and as the numbers that they stand for.
struct Outputs {
  std::vector<std::vector<std::int64_t>> integers;
  std::vector<FloatTensor> reals;
  InputFormat format;
};

Outputs outputs_of(const Quantized& model, const std::vector<TensorMap>& inputs) {
  Outputs out;
  const qir::Value& y = model.graph.value(model.graph.outputs[0]);
  out.format = {y.lo, y.hi, y.scale};
  for (const TensorMap& input : inputs) {
    const auto integers = quantize_input(model.graph.value(model.graph.inputs[0]), input.at("x").data());
    const auto witness = exec_integer::run(model.graph, model.params, {*integers});
    EXPECT_TRUE(witness.ok()) << witness.status().to_string();
    out.integers.push_back(witness->values[model.graph.outputs[0]]);
    const std::vector<float> real = dequantize(y, out.integers.back());
    out.reals.emplace_back(y.shape, real);
  }
  return out;
}

Result<Quantized> quantize_with(const ir::Graph& graph, const std::vector<TensorMap>& inputs,
                                const InputFormat& format) {
  QuantOptions options;
  options.input_formats = {format};
  return quantize(graph, inputs, options);
}

bool same_format(const qir::Value& value, const InputFormat& format) {
  return value.lo == format.lo && value.hi == format.hi && value.scale.mantissa == format.scale.mantissa &&
         value.scale.exponent == format.scale.exponent;
}

// The first model ends in few bits (Relu) or in exact sums; the second one takes its integers as they are.
void check_chain(bool relu) {
  std::mt19937 random(5);
  std::vector<FloatTensor> tensors;
  for (int i = 0; i < 40; ++i) tensors.push_back(draw(random, {1, 32}, 1));
  const std::vector<TensorMap> first_inputs = inputs_of(tensors);
  const auto first = quantize(layer(32, 24, relu, 1), first_inputs);
  ASSERT_TRUE(first.ok()) << first.status().to_string();
  const Outputs between = outputs_of(*first, first_inputs);
  const ir::Graph second_graph = layer(24, 8, true, 2);
  const std::vector<TensorMap> second_inputs = inputs_of(between.reals);
  const auto second = quantize_with(second_graph, second_inputs, between.format);
  ASSERT_TRUE(second.ok()) << second.status().to_string();
  const qir::Value& x = second->graph.value(second->graph.inputs[0]);
  EXPECT_TRUE(same_format(x, between.format));
  for (std::size_t i = 0; i < between.integers.size(); ++i) {
    // Exact sums have more bits than a float: only the integers themselves say what the first model gave.
    if (relu)
      EXPECT_EQ(*quantize_input(x, between.reals[i].data()), between.integers[i])
          << "the real numbers lead back to the same integers";
    EXPECT_TRUE(exec_integer::run(second->graph, second->params, {between.integers[i]}).ok());
  }
  const auto report = compare(second_graph, second->graph, second->params, second_inputs);
  ASSERT_TRUE(report.ok());
  EXPECT_GT(report->cosine().value_or(0), 0.999) << report_text(*second);
  // Every input of the given range can be proved.
  for (const std::int64_t extreme : {x.lo, x.hi}) {
    const exec_integer::Inputs worst = {std::vector<std::int64_t>(24, extreme)};
    EXPECT_TRUE(exec_integer::run(second->graph, second->params, worst).ok());
  }
}

// A table that was written with decimals comes in as it is written, whatever else is in it, and no unit is coarser for it.
TEST(InputFormat, DecimalsOfATableAreExact) {
  std::vector<FloatTensor> rows;
  std::mt19937 random(5);
  for (int k = 0; k < 32; ++k) {
    const auto written = [&](int most, float digits) {
      return static_cast<float>(std::uniform_int_distribution<int>(0, most)(random)) / digits;
    };
    rows.emplace_back(Shape{1, 3}, std::vector<float>{written(846, 1), written(594, 10), written(242, 1000)});
  }
  rows[0].data()[0] = 846;
  rows[1].data()[2] = 0.241F;
  // The small columns count as much as the large one.
  ir::Graph graph;
  const ValueId table = graph.add_input("x", ir::DataType::kFloat, {1, 3});
  const ValueId w = graph.add_constant("w", FloatTensor(Shape{3, 1}, {0.001F, -0.02F, 4.0F}));
  graph.outputs = {graph.add_node(OpKind::kMatMul, "layer", {table, w}).value()};
  const Quantized quantized = quantize(graph, inputs_of(rows), {}).value();
  const qir::Value& x = quantized.graph.value(quantized.graph.inputs[0]);
  EXPECT_LE(scale_of(x), 0.001);
  for (const FloatTensor& row : rows) {
    const auto integers = quantize_input(x, row.data());
    ASSERT_TRUE(integers.ok());
    const std::vector<float> read = dequantize(x, *integers);
    for (std::size_t i = 0; i < read.size(); ++i) EXPECT_EQ(read[i], row.data()[i]);
  }
}

TEST(InputFormat, ChainAfterAnActivation) { check_chain(true); }
TEST(InputFormat, ChainAfterExactSums) { check_chain(false); }

TEST(InputFormat, ScalesThatNoDoubleHolds) {
  std::mt19937 random(6);
  std::vector<FloatTensor> tensors;
  for (int i = 0; i < 20; ++i) tensors.push_back(draw(random, {1, 16}, 1));
  const InputFormat format = {-300, 299, {(std::int64_t{1} << 62) + 1, -70}};
  const auto model = quantize_with(layer(16, 4, true, 3), inputs_of(tensors), format);
  ASSERT_TRUE(model.ok()) << model.status().to_string();
  EXPECT_TRUE(same_format(model->graph.value(model->graph.inputs[0]), format));
}

TEST(InputFormat, RefusalsSayWhatToDo) {
  std::mt19937 random(7);
  std::vector<FloatTensor> tensors;
  for (int i = 0; i < 20; ++i) tensors.push_back(draw(random, {1, 16}, 1));
  const std::vector<TensorMap> inputs = inputs_of(tensors);
  const ir::Graph graph = layer(16, 4, true, 3);
  const auto refused = [&](const InputFormat& format, const std::string& part) {
    const auto result = quantize_with(graph, inputs, format);
    ASSERT_FALSE(result.ok());
    EXPECT_NE(result.status().code(), StatusCode::kInternal);
    EXPECT_NE(result.status().message().find(part), std::string::npos) << result.status().to_string();
  };
  refused({5, 4, {1, -8}}, "increasing range");
  refused({-(std::int64_t{1} << 60), 0, {1, -8}}, "2^59");
  refused({-128, 127, {0, 0}}, "mantissa");
  refused({-128, 127, {1, 2000}}, "exponent");
  refused({-128, 127, {1, 8}}, "units");
  refused({-128, 127, {1, -60}}, "units");
  refused({-(std::int64_t{1} << 59), std::int64_t{1} << 59, {1, -40}}, "fewer CompileOptions::activation_bits");
  QuantOptions options;
  options.input_formats.resize(2);
  EXPECT_FALSE(quantize(graph, inputs, options).ok());
}

}  // namespace
}  // namespace zkinfer::quant
