// SPDX-License-Identifier: Apache-2.0
#include "quant/calibration.h"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "quant/pieces.h"
#include "quant/quantize.h"
#include "quant/table_pool.h"

namespace zkinfer::quant {
namespace {

TEST(Histogram, GrowsAndKeepsPercentiles) {
  Histogram histogram;
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 1);
  histogram.add(std::vector<float>{0, 0, 0});
  for (int block = 0; block < 50; ++block) {
    std::vector<float> values(2000);
    for (float& x : values) x = normal(random);
    histogram.add(values);
  }
  EXPECT_NEAR(histogram.percentile(0.6827), 1.0, 0.02);
  EXPECT_NEAR(histogram.percentile(0.9545), 2.0, 0.03);
  EXPECT_EQ(histogram.percentile(1.0), histogram.max_abs());
  histogram.add(std::vector<float>{-1000});
  EXPECT_EQ(histogram.max_abs(), 1000);
  EXPECT_EQ(histogram.min(), -1000);
  EXPECT_NEAR(histogram.percentile(0.9545), 2.0, 1.0);
}

// The median of sizes, whatever the largest: zeros count for nothing.
TEST(Histogram, UsualSizes) {
  Histogram histogram;
  EXPECT_EQ(histogram.usual(), 0);
  std::vector<float> values(1000, 0);
  histogram.add(values);
  EXPECT_EQ(histogram.usual(), 0);
  for (std::size_t i = 0; i < 301; ++i)
    values[i] = (i % 2 == 0 ? -1.0F : 1.0F) * std::ldexp(1.0F, static_cast<int>(i % 3) - 10);
  values[500] = 1e30F;
  values[501] = 1e-40F;
  histogram.add(values);
  EXPECT_NEAR(histogram.usual(), std::ldexp(1.0, -9), std::ldexp(1.0, -12));
}

TEST(Histogram, MseClipIgnoresAnOutlier) {
  Histogram histogram;
  std::vector<float> values(100000);
  std::mt19937 random(2);
  for (float& x : values) x = std::uniform_real_distribution<float>(0, 1)(random);
  values[0] = 3;
  histogram.add(values);
  QuantOptions options;
  EXPECT_LT(choose_clip(histogram, 31, options), 1.5);
  options.method = CalibrationMethod::kMinMax;
  EXPECT_EQ(choose_clip(histogram, 31, options), 3);
  options.method = CalibrationMethod::kPercentile;
  EXPECT_LT(choose_clip(histogram, 31, options), 1.01);
}

ir::Graph identity(Shape shape) {
  ir::Graph graph;
  const ir::ValueId x = graph.add_input("x", ir::DataType::kFloat, shape);
  graph.outputs = {*graph.add_node(ir::OpKind::kRelu, "relu", {x})};
  return graph;
}

TEST(Calibrate, FindsTheGridOfTheData) {
  const ir::Graph graph = identity({4});
  const auto calibrated = [&](std::vector<float> data) {
    std::vector<TensorMap> inputs(1);
    inputs[0].emplace("x", FloatTensor(Shape{4}, std::move(data)));
    Result<Calibration> calibration = calibrate(graph, inputs);
    EXPECT_TRUE(calibration.ok());
    return std::move(*calibration);
  };
  const auto step_of = [&](std::vector<float> data) { return calibrated(std::move(data)).input_steps[0]; };
  const auto decimal_of = [&](std::vector<float> data) { return calibrated(std::move(data)).input_decimals[0]; };
  EXPECT_DOUBLE_EQ(step_of({0, 255, 17, 3}), 1.0);
  EXPECT_DOUBLE_EQ(step_of({0, 1.0F, 17.0F / 255, 3.0F / 255}), 1.0 / 255);
  EXPECT_DOUBLE_EQ(step_of({-1, 1, 127.0F / 128, 3.0F / 128}), 1.0 / 128);
  EXPECT_DOUBLE_EQ(step_of({0.1234F, 0.777F, -0.4567F, 0.9F}), 0.0);
  EXPECT_DOUBLE_EQ(step_of({1e9F, 3, 4, 5}), 0.0);
  EXPECT_DOUBLE_EQ(decimal_of({0.349F, 846, -38.5F, 2.42F}), 1e-3);
  EXPECT_DOUBLE_EQ(decimal_of({0.1234F, 0.777F, -0.4567F, 0.9F}), 1e-4);
  EXPECT_DOUBLE_EQ(decimal_of({0.1F / 3, 0.7F / 3, 0.4F, 0.9F}), 0.0);
  EXPECT_DOUBLE_EQ(decimal_of({1e9F, 0.001F, 4, 5}), 0.0);
}

TEST(Calibrate, BadDataIsNamed) {
  const ir::Graph graph = identity({1});
  EXPECT_NE(calibrate(graph, {}).status().message().find("no calibration inputs"), std::string::npos);
  std::vector<TensorMap> inputs(1);
  inputs[0].emplace("x", FloatTensor(Shape{1}, {std::numeric_limits<float>::infinity()}));
  EXPECT_NE(calibrate(graph, inputs).status().message().find("input 'x' holds infinity"), std::string::npos);
  EXPECT_EQ(random_inputs(graph, 3, -1, 1).size(), 3U);
}

TEST(Scale, RoundTrip) {
  qir::Value value;
  for (const double scale : {1.0, 1.0 / 255, 3.14159, 1e-9, 12345.0}) {
    value.scale = make_scale(scale);
    EXPECT_EQ(scale_of(value), scale);
  }
  EXPECT_EQ(make_scale(1.0).mantissa, 1);
  EXPECT_EQ(make_scale(1.0).exponent, 0);
}

TEST(Scale, InputsAreRoundedAndSaturated) {
  qir::Value value{"x", qir::ValueKind::kInput, Shape{4}, 0, 255, make_scale(1.0 / 255)};
  Clipping clipping;
  const auto integers = quantize_input(value, std::vector<float>{0, 1, 0.5F, 7}, &clipping);
  ASSERT_TRUE(integers.ok());
  EXPECT_EQ(*integers, (std::vector<std::int64_t>{0, 255, 128, 255}));
  EXPECT_EQ(clipping.input, "x");
  EXPECT_EQ(clipping.num_values, 4U);
  EXPECT_EQ(clipping.num_clipped, 1U);
  EXPECT_NEAR(clipping.lo, 0, 1e-12);
  EXPECT_NEAR(clipping.hi, 1, 1e-12);
  EXPECT_NEAR(clipping.largest_excess, 6, 1e-9);
  EXPECT_EQ(clipping_text(clipping), "1 of 4 values of input 'x' lie outside of 0 .. 1, the farthest by 6");
  // Beyond the end by less than half a step is rounding; below counts as above does.
  ASSERT_TRUE(quantize_input(value, std::vector<float>{-0.001F, 1.001F, 0, 0}, &clipping).ok());
  EXPECT_EQ(clipping.num_clipped, 0U);
  EXPECT_EQ(clipping_text(clipping), "");
  ASSERT_TRUE(quantize_input(value, std::vector<float>{-3, 2, 1e38F, 0}, &clipping).ok());
  EXPECT_EQ(clipping.num_clipped, 3U);
  EXPECT_NEAR(clipping.largest_excess, 1e38, 1e31);
  EXPECT_NEAR(dequantize(value, *integers)[2], 0.5, 0.01);
  EXPECT_FALSE(quantize_input(value, std::vector<float>{NAN, 0, 0, 0}).ok());
  EXPECT_FALSE(quantize_input(value, std::vector<float>{0}).ok());
}

TEST(TablePool, MergesWhenItSavesRows) {
  TablePool pool;
  const std::size_t a = pool.want_clamp(0, 255, -1000, 1000);
  const std::size_t b = pool.want_clamp(0, 255, -900, 1020);
  const std::size_t c = pool.want_clamp(0, 255, -5, 10);
  const std::size_t d = pool.want_clamp(0, 127, -5, 10);
  const std::size_t e = pool.want_function(
      "square", [](std::int64_t x) { return static_cast<std::int32_t>(x * x); }, -3, 3);
  const std::size_t f = pool.want_range(-2, 1);
  std::vector<qir::Table> tables;
  const std::vector<std::int32_t> index = pool.build(tables);
  EXPECT_EQ(index[a], index[b]);
  EXPECT_EQ(index[a], index[c]);
  EXPECT_NE(index[a], index[d]);
  EXPECT_EQ(tables.size(), 4U);
  EXPECT_EQ(tables[static_cast<std::size_t>(index[f])].kind, qir::TableKind::kRange);
  const qir::Table& merged = tables[static_cast<std::size_t>(index[a])];
  EXPECT_EQ(merged.log_size, 11);
  EXPECT_TRUE(merged.contains(-1000) && merged.contains(1020));
  const qir::Table& square = tables[static_cast<std::size_t>(index[e])];
  EXPECT_EQ(square.at(-3), 9);
  EXPECT_EQ(square.at(2), 4);
  EXPECT_EQ(log_rows(0, 0), 0);
  EXPECT_EQ(log_rows(0, 1), 1);
  EXPECT_EQ(log_rows(-128, 127), 8);
  EXPECT_EQ(log_rows(-128, 128), 9);
}

// Who asks for a list gets one, whatever else is asked for under the name: a softmax by exponentials beside one by pieces.
TEST(TablePool, ListsAreNoPieces) {
  const auto curve = [](std::int64_t x) { return 32767 * std::exp(static_cast<double>(x) / 4096); };
  TablePool pool;
  static_cast<void>(pool.want_curve("exp", curve, -65535, 0, 16));
  const std::size_t list = pool.want_function(
      "exp", [&](std::int64_t x) { return static_cast<std::int32_t>(curve(x)); }, -1000, 0);
  std::vector<qir::Table> tables;
  const std::vector<std::int32_t> index = pool.build(tables);
  EXPECT_EQ(tables[static_cast<std::size_t>(index[list])].kind, qir::TableKind::kExplicit);
  EXPECT_EQ(tables.size(), 2U);
}

TEST(TablePool, LongCurvesOfFewElementsArePieces) {
  constexpr double kUnit = 1.0 / 32767;
  const auto sigmoid = [](std::int64_t x) { return 1 / (1 + std::exp(-static_cast<double>(x) / 4096)) / kUnit; };
  const auto table = [&](std::int64_t num_elements, const std::function<double(std::int64_t)>& curve) {
    TablePool pool;
    pool.want_curve("curve", curve, -45000, 45000, num_elements);
    std::vector<qir::Table> tables;
    pool.build(tables);
    return tables[0];
  };
  const qir::Table pieces = table(200, sigmoid);
  ASSERT_EQ(pieces.kind, qir::TableKind::kPieces);
  EXPECT_LE(pieces.num_pieces(), 1024);
  for (std::int64_t x = -45000; x <= 45000; ++x) {
    ASSERT_NEAR(static_cast<double>(pieces.at(x)), sigmoid(x), kPieceError) << x;
    ASSERT_TRUE(pieces.at(x) >= 0 && pieces.at(x) <= 32767) << x;
  }
  EXPECT_EQ(table(200000, sigmoid).kind, qir::TableKind::kExplicit);
  // A jump has no slope.
  EXPECT_EQ(table(200, [](std::int64_t x) { return x < 13 ? 0.0 : 30000.0; }).kind, qir::TableKind::kExplicit);
}

TEST(Options, AreChecked) {
  const ir::Graph graph = identity({1});
  QuantOptions options;
  options.activation_bits = 40;
  EXPECT_NE(quantize(graph, random_inputs(graph, 1, 0, 1), options)
                .status()
                .message()
                .find("activation_bits is 40, expected 4 to 21"),
            std::string::npos);
}

}  // namespace
}  // namespace zkinfer::quant
