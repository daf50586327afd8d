// SPDX-License-Identifier: Apache-2.0
// The choice that is made without options, on a kind of model that it once served badly: a small perceptron on tabular data
// with long tails, where a dozen measured inputs show nothing of what goes wrong on one in fifty.
#include "quant/search.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <random>

#include <gtest/gtest.h>

#include "passes/legalize.h"
#include "quant/fidelity.h"
#include "quant/quantize.h"

namespace zkinfer::quant {
namespace {

using ir::OpKind;
using ir::ValueId;

class Tabular : public ::testing::TestWithParam<int> {
 protected:
  static constexpr int kFeatures = 30, kCalibration = 200, kMeasured = 300;

  void SetUp() override {
    random_.seed(static_cast<std::uint64_t>(GetParam()));
    ValueId x = graph_.add_input("x", ir::DataType::kFloat, Shape{1, kFeatures});
    int width = kFeatures;
    for (const int next : {32, 16}) {
      x = node(OpKind::kRelu, {layer(x, width, next)});
      width = next;
    }
    graph_.outputs = {layer(x, width, 2)};
    calibration_ = draw(kCalibration);
    measured_ = draw(kMeasured);
  }

  ValueId node(OpKind op, std::vector<ValueId> inputs) {
    return *graph_.add_node(op, "n" + std::to_string(graph_.nodes.size()), std::move(inputs));
  }
  ValueId layer(ValueId x, int in, int out) {
    FloatTensor weights(Shape{in, out}), bias(Shape{out});
    for (float& w : weights.data()) w = normal() * std::sqrt(2.0F / static_cast<float>(in));
    for (float& b : bias.data()) b = 0.1F * normal();
    const std::string name = "w" + std::to_string(graph_.nodes.size());
    const ValueId product = node(OpKind::kMatMul, {x, graph_.add_constant(name, std::move(weights))});
    return node(OpKind::kAdd, {product, graph_.add_constant(name + ".bias", std::move(bias))});
  }
  // Standardized, correlated, with a long tail to one side: sizes, counts, prices.
  std::vector<TensorMap> draw(int count) {
    std::vector<TensorMap> all(static_cast<std::size_t>(count));
    for (TensorMap& map : all) {
      FloatTensor tensor(Shape{1, kFeatures});
      const float common = normal();
      for (float& x : tensor.data()) x = (std::exp(0.6F * (common + normal())) - 1.43F) / 1.4F;
      map.emplace("x", std::move(tensor));
    }
    return all;
  }
  float normal() { return std::normal_distribution<float>()(random_); }
  Fidelity fidelity(const QuantOptions& options) {
    const Result<Quantized> quantized = quantize(graph_, calibration_, options);
    EXPECT_TRUE(quantized.ok()) << quantized.status().to_string();
    const Result<Fidelity> report = compare(graph_, quantized->graph, quantized->params, measured_);
    EXPECT_TRUE(report.ok()) << report.status().to_string();
    return *report;
  }

  std::mt19937_64 random_;
  ir::Graph graph_;
  std::vector<TensorMap> calibration_, measured_;
};

TEST_P(Tabular, TheDefaultIsNoWorseThanEightBits) {
  QuantOptions eight_bits;
  eight_bits.activation_bits = 8;
  const Fidelity fixed = fidelity(eight_bits);
  const Fidelity chosen = fidelity({});
  EXPECT_GE(chosen.cosine().value_or(0), fixed.cosine().value_or(1)) << fidelity_text(chosen) << fidelity_text(fixed);
  EXPECT_GE(chosen.agreement().value_or(0), 0.985) << fidelity_text(chosen);
  EXPECT_GE(chosen.agreement().value_or(0), fixed.agreement().value_or(0) - 2.0 / kMeasured)
      << fidelity_text(chosen) << fidelity_text(fixed);
  EXPECT_LE(chosen.relative_error().value(), 3 * fixed.relative_error().value() + 0.01);
}

// Work in proportion to the outputs, also where they are all one value: each gets its own name in every pass.
TEST(ManyOutputs, OfOneValueTakeNoTime) {
  constexpr int kOutputs = 50000;
  ir::Graph graph;
  const ValueId x = graph.add_input("x", ir::DataType::kFloat, Shape{1, 4});
  const ValueId r = *graph.add_node(OpKind::kRelu, "r", {x});
  for (int i = 0; i < kOutputs; ++i)
    graph.outputs.push_back(*graph.add_node(OpKind::kIdentity, "o" + std::to_string(i), {r}));
  const std::vector<TensorMap> calibration = {{{"x", FloatTensor(Shape{1, 4}, {1, -2, 3, 4})}}};
  QuantOptions options;
  options.activation_bits = 8;
  const std::clock_t start = std::clock();
  const Result<ir::Graph> legal = passes::legalize(graph);
  ASSERT_TRUE(legal.ok()) << legal.status().to_string();
  const Result<Quantized> quantized = quantize(*legal, calibration, options);
  ASSERT_TRUE(quantized.ok()) << quantized.status().to_string();
  EXPECT_EQ(quantized->graph.outputs.size(), std::size_t{kOutputs});
  // Before, minutes. Of the processor: the machine may be busy.
  EXPECT_LT(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC, 20);
}

// Weights of few values, as of bilinear resizing: whether few steps hold them depends on the scales, which depend on the inputs that
// were counted. What is measured is what is given.
TEST(Search, MeasuresTheProgramThatItGives) {
  constexpr int kIn = 12, kOut = 24;
  FloatTensor weights(Shape{kIn, kOut});
  for (int k = 0; k < kOut; ++k) {
    const int near = k / 2, other = std::clamp(near + (k % 2 == 1 ? 1 : -1), 0, kIn - 1);
    weights[static_cast<std::size_t>(near * kOut + k)] += 0.75F;
    weights[static_cast<std::size_t>(other * kOut + k)] += 0.25F;
  }
  ir::Graph graph;
  ValueId x = graph.add_input("x", ir::DataType::kFloat, Shape{3, 12, kIn});
  x = *graph.add_node(OpKind::kMatMul, "columns", {x, graph.add_constant("w", weights)});
  const ValueId across = *graph.add_node(OpKind::kTranspose, "across", {x}, ir::TransposeAttributes{{0, 2, 1}});
  graph.outputs = {*graph.add_node(OpKind::kMatMul, "rows", {across, graph.add_constant("w2", weights)})};
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<TensorMap> inputs(30);
    for (TensorMap& map : inputs) {
      FloatTensor tensor(Shape{3, 12, kIn});
      for (float& value : tensor.data()) value = std::uniform_real_distribution<float>(0, 1)(random);
      map.emplace("x", std::move(tensor));
    }
    QuantOptions options;
    options.target_error = 0.001;
    options.cost = [](const qir::QGraph& program) {
      return static_cast<double>(count_table_rows(program));
    };  // small shifts
    const Result<Quantized> quantized = quantize(graph, inputs, options);
    ASSERT_TRUE(quantized.ok()) << quantized.status().to_string();
    EXPECT_LE(quantized->measured_error, 0.001);
    const Result<Fidelity> report = compare(graph, quantized->graph, quantized->params, inputs);
    ASSERT_TRUE(report.ok()) << report.status().to_string();
    EXPECT_LE(report->relative_error().value(), 0.0015) << "seed " << seed << "\n"
                                                        << fidelity_text(*report) << report_text(*quantized);
  }
}

// Scores of hundreds, of which a thousandth counts: more exponentials than a list holds.
TEST(Search, SoftmaxesOfLargeScores) {
  ir::Graph graph;
  const ValueId x = graph.add_input("x", ir::DataType::kFloat, Shape{10, 16});
  const ValueId across = *graph.add_node(OpKind::kTranspose, "across", {x}, ir::TransposeAttributes{{1, 0}});
  const ValueId scores = *graph.add_node(OpKind::kMatMul, "scores", {x, across});
  graph.outputs = {*graph.add_node(OpKind::kSoftmax, "shares", {scores}, ir::SoftmaxAttributes{1})};
  std::mt19937_64 random(2);
  std::vector<TensorMap> inputs(30);
  for (TensorMap& map : inputs) {
    FloatTensor tensor(Shape{10, 16});
    // Rows alike, so that their scores are near each other.
    for (std::size_t i = 0; i < tensor.data().size(); ++i)
      tensor[i] = i < 16 ? std::normal_distribution<float>(0, 4)(random)
                         : tensor[i % 16] + std::normal_distribution<float>(0, 0.03F)(random);
    for (float& value : tensor.data()) value = std::nearbyint(256 * value) / 256;  // no error of the input's
    map.emplace("x", std::move(tensor));
  }
  QuantOptions options;
  options.target_error = 0.00006;
  const Result<Quantized> quantized = quantize(graph, inputs, options);
  ASSERT_TRUE(quantized.ok()) << quantized.status().to_string();
  EXPECT_LE(quantized->measured_error, 0.00006) << report_text(*quantized);
  EXPECT_TRUE(std::ranges::any_of(quantized->graph.values,
                                  [](const qir::Value& value) { return value.name == "shares.of_high"; }));
}

INSTANTIATE_TEST_SUITE_P(Seeds, Tabular, ::testing::Values(1, 2, 3, 4, 5));

}  // namespace
}  // namespace zkinfer::quant
