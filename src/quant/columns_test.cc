// SPDX-License-Identifier: Apache-2.0
// Tables whose columns differ in size, as people's do: years, prices, shares.
#include "quant/columns.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "ir/functions.h"
#include "passes/legalize.h"
#include "quant/fidelity.h"
#include "quant/quantize.h"

namespace zkinfer::quant {
namespace {

using ir::OpKind;
using ir::ValueId;

// Columns of sizes 1 to 2^octaves around middles that are up to ten times as far; standardized in the network, then a layer; perhaps with
// rows divided by their size in between, or a logistic regression, whose probabilities are exact beside 1 however small the scores; or each
// half of the columns standardized on its own, behind others, as a ColumnTransformer does; or behind numbers that fill in for -9999, which
// is far from what columns hold otherwise.
enum class Behind : std::uint8_t { kLayer, kSizes, kLogistic, kSelected, kFilled };
class UnlikeColumns : public ::testing::TestWithParam<std::tuple<int, Behind>> {
 protected:
  static constexpr int kColumns = 6;
  static constexpr float kMissing = -9999;

  void SetUp() override {
    const auto [octaves, behind] = GetParam();
    FloatTensor middles(Shape{kColumns}), factors(Shape{kColumns}), weights(Shape{kColumns, 3}), bias(Shape{3});
    for (int j = 0; j < kColumns; ++j) {
      sizes_.push_back(std::exp2(static_cast<float>(octaves * j) / (kColumns - 1)) *
                       (1 + 0.1F * static_cast<float>(j)));
      middles_.push_back(sizes_.back() * 3 * normal());
      middles[static_cast<std::size_t>(j)] = middles_.back();
      factors[static_cast<std::size_t>(j)] = 1 / sizes_.back();
    }
    for (float& w : weights.data()) w = normal();
    for (float& b : bias.data()) b = normal();
    ValueId x = graph_.add_input("x", ir::DataType::kFloat, Shape{1, kColumns});
    const auto standardized = [&](ValueId columns, int first, int step) {
      std::vector<float> m, f;
      for (std::size_t j = static_cast<std::size_t>(first); j < kColumns; j += static_cast<std::size_t>(step))
        m.push_back(middles[j]), f.push_back(factors[j]);
      const Shape shape{static_cast<std::int64_t>(m.size())};
      const std::string name = std::to_string(first);
      const ValueId moved = node(OpKind::kSub, {columns, graph_.add_constant("middles" + name, FloatTensor(shape, m))});
      return node(OpKind::kMul, {moved, graph_.add_constant("factors" + name, FloatTensor(shape, f))});
    };
    if (behind == Behind::kFilled) {
      const ValueId missing =
          node(OpKind::kEqual, {x, graph_.add_constant("missing", FloatTensor(Shape{}, {kMissing}))});
      x = node(OpKind::kWhere, {missing, graph_.add_constant("fill", middles), x});
      has_missing_ = true;
    }
    if (behind == Behind::kSelected) {
      std::vector<ValueId> halves;
      for (const int first : {1, 0})
        halves.push_back(standardized(
            node(OpKind::kSlice, {x}, ir::SliceAttributes{{0, first}, {1, kColumns / 2}, {1, 2}}), first, 2));
      x = node(OpKind::kConcat, halves, ir::ConcatAttributes{1});
    } else {
      x = standardized(x, 0, 1);
    }
    if (behind == Behind::kSizes) {
      const ValueId squares = node(OpKind::kReduceSum, {node(OpKind::kMul, {x, x})}, ir::ReduceAttributes{{1}, true});
      x = node(OpKind::kDiv, {x, node(OpKind::kFunction, {squares}, ir::FunctionAttributes{ir::function("Sqrt")})});
    }
    if (behind == Behind::kLogistic)
      for (float& w : weights.data()) w = std::copysign(2.5F, w);
    x = node(OpKind::kMatMul, {x, graph_.add_constant("w", weights), graph_.add_constant("b", bias)});
    if (behind == Behind::kLogistic) x = node(OpKind::kFunction, {x}, ir::FunctionAttributes{ir::function("Sigmoid")});
    graph_.outputs = {x};
  }

  ValueId node(OpKind op, std::vector<ValueId> inputs, ir::Attributes attributes = {}) {
    return *graph_.add_node(op, "n" + std::to_string(graph_.nodes.size()), std::move(inputs), std::move(attributes));
  }
  std::vector<TensorMap> draw(int count) {
    std::vector<TensorMap> all(static_cast<std::size_t>(count));
    for (TensorMap& map : all) {
      FloatTensor tensor(Shape{1, kColumns});
      for (std::size_t j = 0; j < kColumns; ++j)
        tensor[j] = has_missing_ && random_() % 4 == 0 ? kMissing : middles_[j] + sizes_[j] * normal();
      map.emplace("x", std::move(tensor));
    }
    return all;
  }
  float normal() { return std::normal_distribution<float>()(random_); }

  std::mt19937_64 random_{7};
  std::vector<float> sizes_, middles_;
  bool has_missing_ = false;
  ir::Graph graph_;
};

TEST_P(UnlikeColumns, AreExactEnough) {
  const Result<ir::Graph> legal = passes::legalize(graph_);
  ASSERT_TRUE(legal.ok()) << legal.status().to_string();
  const Result<Quantized> quantized = quantize(*legal, draw(200));
  ASSERT_TRUE(quantized.ok()) << quantized.status().to_string();
  EXPECT_LE(quantized->measured_error, 0.001) << report_text(*quantized);
  const Result<Fidelity> report = compare(*legal, quantized->graph, quantized->params, draw(300));
  ASSERT_TRUE(report.ok()) << report.status().to_string();
  EXPECT_LE(report->relative_error(), 0.001) << fidelity_text(*report) << report_text(*quantized);
}

INSTANTIATE_TEST_SUITE_P(Octaves, UnlikeColumns,
                         ::testing::Combine(::testing::Values(0, 6, 10, 13, 16, 20),
                                            ::testing::Values(Behind::kLayer, Behind::kSizes, Behind::kLogistic,
                                                              Behind::kSelected, Behind::kFilled)));

Columns columns_of(const std::vector<std::pair<double, double>>& ranges) {
  Columns columns;
  for (const auto& [least, most] : ranges) columns.push_back({least, most});
  return columns;
}

// A column that hardly moves the result needs no fine unit, however narrow it is.
TEST(ColumnSpread, CountsWhatColumnsDo) {
  const auto spread = [](float narrow_weight) {
    ir::Graph graph;
    const ValueId x = graph.add_input("x", ir::DataType::kFloat, Shape{1, 2});
    const ValueId w = graph.add_constant("w", FloatTensor(Shape{2, 1}, {1, narrow_weight}));
    graph.outputs = {*graph.add_node(OpKind::kMatMul, "y", {x, w})};
    return spread_of_columns(graph, x, {{"x", columns_of({{0, 1000}, {0, 1}})}});
  };
  EXPECT_NEAR(spread(1), 1.4, 0.1);
  EXPECT_NEAR(spread(1000), 707, 1);
  EXPECT_NEAR(spread(0), 1, 0.01);
}

// What trees compare stays as it is.
TEST(LevelColumns, LeavesWhatIsCompared) {
  for (const bool compares : {false, true}) {
    ir::Graph graph;
    const ValueId x = graph.add_input("x", ir::DataType::kFloat, Shape{1, 2});
    const ValueId w = graph.add_constant("w", FloatTensor(Shape{2, 1}, {0.001F, 1000}));
    const ValueId limits = graph.add_constant("limits", FloatTensor(Shape{1, 2}, {17, 0.003F}));
    graph.outputs = {compares ? *graph.add_node(OpKind::kLess, "y", {limits, x})
                              : *graph.add_node(OpKind::kMatMul, "y", {x, w})};
    std::vector<TensorMap> inputs;
    for (const float t : {0.0F, 0.3F, 0.123F, 0.987F})
      inputs.push_back({{"x", FloatTensor(Shape{1, 2}, {1000 * t, 0.001F * t * t})}});
    const Result<Calibration> calibration = calibrate(graph, inputs);
    ASSERT_TRUE(calibration.ok());
    EXPECT_EQ(level_columns(graph, *calibration).nodes.size(), compares ? 1U : 3U);
  }
}

}  // namespace
}  // namespace zkinfer::quant
