// SPDX-License-Identifier: Apache-2.0
// What is not rounded to few bits: functions by table, quotients and roots, comparisons and choices, whole numbers, masks, channels
// of unlike sizes. Integer outputs against float outputs on inputs like calibration's.
#include <algorithm>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "quant/wide_values.h"

namespace zkinfer::quant {
namespace {

TEST_F(WideValues, EveryContinuousFunction) {
  for (const ir::FunctionRow& row : ir::kFunctions) {
    if (row.jumps || row.whole || row.name == "Power") continue;
    graph_ = {};
    // Inside the function's domain, away from its ends.
    const double lo = std::isfinite(row.domain_lo) ? row.domain_lo + 0.1 : -3;
    const double hi = std::isfinite(row.domain_hi) ? row.domain_hi - 0.1 : std::max(3.0, lo + 3);
    EXPECT_LT(error(function(row.name, input({4, 8})), lo, hi), 0.002) << row.name;
  }
}

TEST_F(WideValues, QuotientsOfEitherSign) {
  const ValueId a = input({4, 8});
  const ValueId b = input({4, 8});
  const ValueId away = op(OpKind::kAdd, {function("Sign", b), b});
  EXPECT_LT(error(op(OpKind::kDiv, {a, away}), -2, 2), 0.003);
}

TEST_F(WideValues, LayerNormalization) {
  const ValueId x = input({4, 16});
  const ir::ReduceAttributes last{{1}, true};
  const ValueId centred = op(OpKind::kSub, {x, op(OpKind::kReduceMean, {x}, last)});
  const ValueId variance = op(OpKind::kReduceMean, {op(OpKind::kMul, {centred, centred})}, last);
  const ValueId root = function("Sqrt", op(OpKind::kAdd, {variance, constant({}, {1e-5F})}));
  EXPECT_LT(error(op(OpKind::kDiv, {centred, root}), -5, 5), 0.002);
}

// The size of complex numbers, some far smaller than others: sums of products stay wide up to the root.
TEST_F(WideValues, RootsOfSumsOfSquares) {
  const ValueId re = input({4, 64});
  const ValueId im = input({4, 64});
  const ValueId size = function("Sqrt", op(OpKind::kAdd, {op(OpKind::kMul, {re, re}), op(OpKind::kMul, {im, im})}));
  const auto small = [](FloatTensor& input, bool) {
    for (std::size_t i = 32; i < 256; ++i) input[i] /= 64;
  };
  // Relative to the small ones.
  const ir::SliceAttributes rest{{1, 0}, {3, 64}, {1, 1}};
  EXPECT_LT(error(op(OpKind::kSlice, {size}, rest), -5, 5, false, small), 0.006);
}

// The residual stream of a language model: its first row is far larger than the others, and after each row is divided by its own
// size, channels are as large as the weights that read them are small.
class UnevenValues : public WideValues {
 protected:
  ValueId normalized_and_read(float first_row, float first_channels) {
    const ValueId x = input({8, 64});
    std::normal_distribution<float> normal(0, 1);
    const auto weights = [&] {
      std::vector<float> values(64 * 64);
      for (float& w : values) w = normal(random_) / 8;
      return values;
    };
    std::vector<float> rows(8, 1), channels(64, 1);
    rows[0] = first_row;
    for (std::size_t k = 0; k < 4; ++k) channels[k] = first_channels;
    stream_ = op(OpKind::kMul, {op(OpKind::kMatMul, {x, constant({64, 64}, weights())}), constant({8, 1}, rows)});
    const ValueId uneven = op(OpKind::kMul, {stream_, constant({64}, channels)});
    const ValueId mean = op(OpKind::kReduceMean, {op(OpKind::kMul, {uneven, uneven})}, ir::ReduceAttributes{{1}, true});
    const ValueId root = function("Sqrt", op(OpKind::kAdd, {mean, constant({}, {1e-6F})}));
    unit_rows_ = op(OpKind::kDiv, {uneven, root});
    std::vector<float> reading = weights();
    for (std::size_t k = 0; k < reading.size(); ++k) reading[k] /= channels[k / 64];
    return op(OpKind::kMatMul, {unit_rows_, constant({64, 64}, reading)});
  }
  int more_bits(ValueId y, ValueId of) {
    graph_.outputs = {y};
    std::vector<TensorMap> inputs = random_inputs(graph_, 12, -1, 1);
    const Result<Calibration> calibration = calibrate(graph_, inputs);
    EXPECT_TRUE(calibration.ok());
    const auto found = calibration->more_bits.find(graph_.value(of).name);
    return found == calibration->more_bits.end() ? 0 : found->second;
  }
  ValueId stream_ = 0, unit_rows_ = 0;
};

TEST_F(UnevenValues, SmallRowsAndChannelsHaveTheirBits) { EXPECT_LT(error(normalized_and_read(200, 4), -1, 1), 0.002); }

TEST_F(UnevenValues, BitsFollowTheUnevenness) {
  const ValueId y = normalized_and_read(500, 64);
  EXPECT_GE(more_bits(y, stream_), 5);
  EXPECT_GE(more_bits(y, unit_rows_), 3);
  graph_ = {};
  EXPECT_EQ(more_bits(normalized_and_read(1, 1), stream_), 0);
}

// Nothing is normalized: one number of bits for all, whatever the weights.
TEST_F(UnevenValues, NetworksWithoutNormalizationHaveOneNumber) {
  std::vector<float> channels(64, 1);
  channels[0] = 1000;
  const ValueId product = op(OpKind::kMul, {input({8, 64}), constant({64}, channels)});
  channels[0] = 0.001F;
  const ValueId y = op(OpKind::kMatMul, {op(OpKind::kRelu, {product}), constant({64, 1}, channels)});
  EXPECT_EQ(more_bits(y, product), 0);
}

// The size of a spectrum: squares, and a root, but nothing is divided.
TEST_F(UnevenValues, SquaresAloneAreNoNormalization) {
  std::vector<float> channels(64, 1);
  channels[0] = 1000;
  const ValueId product = op(OpKind::kMul, {input({8, 64}), constant({64}, channels)});
  channels[0] = 0.001F;
  const ValueId size = function("Sqrt", op(OpKind::kMul, {product, product}));
  EXPECT_EQ(more_bits(op(OpKind::kMatMul, {size, constant({64, 1}, channels)}), product), 0);
}

// What is read of a table may be far smaller than its largest entry.
TEST_F(UnevenValues, RowsOfATable) {
  std::vector<float> values(256 * 8);
  std::uniform_real_distribution<float> uniform(-0.02F, 0.02F);
  for (float& v : values) v = uniform(random_);
  values.back() = 20;  // of row 255, which no input reads
  const ValueId row =
      op(OpKind::kGather, {constant({256, 8}, values), input({6}, ir::DataType::kInt64)}, ir::GatherAttributes{0});
  EXPECT_LT(error(row, 0, 255, true), 0.0002);
}

TEST_F(WideValues, ComparisonsAndChoices) {
  const ValueId a = input({4, 8});
  const ValueId b = input({4, 8});
  const ValueId less = op(OpKind::kLess, {a, b});
  EXPECT_LT(error(op(OpKind::kWhere, {less, a, op(OpKind::kMul, {b, constant({}, {0.5F})})}), -4, 4), 0.002);
}

// A binarized network: the sign of sums over a wide range.
TEST_F(WideValues, SignsOfSums) {
  const ValueId x = input({1, 64});
  std::vector<float> weights(64 * 8);
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (float& w : weights) w = uniform(random_);
  const ValueId sign = function("Sign", op(OpKind::kMatMul, {x, constant({64, 8}, weights)}));
  // Each output is a sum of eight signs.
  EXPECT_LT(error(op(OpKind::kMatMul, {sign, constant({8, 4}, std::vector<float>(32, 1))}), -50, 50), 0.001);
}

// Two linear pieces over sums of any width, for few elements and for more than a list has rows; slopes on either side of 1 and 0.
TEST_F(WideValues, LeakyReluOfWideSums) {
  for (const std::int64_t rows : {1, 400}) {
    for (const float alpha : {0.1F, 0.001F, 3.0F, -0.5F}) {
      graph_ = ir::Graph();
      const ValueId x = input({rows, 512});
      std::vector<float> first(512 * 16), second(16 * 4);
      std::normal_distribution<float> normal;
      for (float& w : first) w = normal(random_);
      for (float& w : second) w = normal(random_);
      const ValueId sums = op(OpKind::kMatMul, {x, constant({512, 16}, first)});
      const ValueId y = op(OpKind::kLeakyRelu, {sums}, ir::LeakyReluAttributes{alpha});
      EXPECT_LT(error(op(OpKind::kMatMul, {y, constant({16, 4}, second)}), -1, 1), 0.0015) << rows << " " << alpha;
    }
  }
}

// A quantized network's last layer: 8-bit sums around a zero point of -128, whose weights or bias would not fit 32 bits beside 24 bits
// behind whole numbers. The unit stays one.
TEST_F(WideValues, WholeSumsWithLargeBiasOrWeights) {
  for (const float factor : {0.05F, 3.0F}) {
    graph_ = ir::Graph();
    const ValueId x = input({1, 4});
    const ValueId weights = constant({4, 2}, std::vector<float>(8, factor));
    const ValueId sum = op(OpKind::kMatMul, {x, weights, constant({2}, {-133, 140})});
    const ValueId whole = op(OpKind::kClip, {function("Round", sum)}, ir::ClipAttributes{-300, 300});
    // One of at most 300 where the sum is a tie; the unit was once six.
    EXPECT_LT(error(whole, -20, 20, true), 0.01) << factor;
  }
}

// A quantized network's layer, whose factor stands before the Relu (passes/scale_early.cc): sum, Relu and rounding are one step.
TEST_F(WideValues, RoundBehindReluIsRoundedOnce) {
  const ValueId x = input({40, 64});
  std::vector<float> weights(64 * 16);
  std::normal_distribution<float> normal;
  for (float& w : weights) w = normal(random_);
  const ValueId sums = op(OpKind::kMatMul, {x, constant({64, 16}, weights)});
  const ValueId positive = op(OpKind::kClip, {op(OpKind::kRelu, {sums})}, ir::ClipAttributes{0, 255.4F});
  EXPECT_EQ(error(op(OpKind::kClip, {function("Round", positive)}, ir::ClipAttributes{0, 200}), -20, 20, true), 0);
}

// Averages of whole numbers, and sums of halves: ties go to the even number, inside the bounds and beyond.
TEST_F(WideValues, TiesOfAveragesGoToEven) {
  const ValueId x = input({1, 3, 8, 8});
  const ir::PoolAttributes pool{{2, 2}, {2, 2}, {1, 1}, {0, 0}, {0, 0}};
  const ValueId rounded = function("Round", op(OpKind::kAveragePool, {x}, pool));
  EXPECT_EQ(error(op(OpKind::kClip, {rounded}, ir::ClipAttributes{-3, 2}), -6, 6, true), 0);
  graph_ = ir::Graph();
  const ValueId a = input({4, 8});
  const ValueId half = graph_.add_constant("half", FloatTensor(Shape{}, {0.5F}));
  graph_.value(half).literal = true;
  const auto halved = [&](ValueId of) { return op(OpKind::kMul, {of, half}); };
  const ValueId sum = op(OpKind::kAdd, {halved(a), halved(input({4, 8}))});
  EXPECT_EQ(error(op(OpKind::kClip, {function("Round", sum)}, ir::ClipAttributes{-3, 4}), -6, 6, true), 0);
}

// A tree's splits: columns of one input, joined, beside thresholds that lie close together in one of them.
TEST_F(WideValues, ComparisonsOfJoinedColumns) {
  const ValueId x = input({1, 2});
  const ValueId joined = op(OpKind::kConcat, {x, x}, ir::ConcatAttributes{1});
  // No nearer than 10^-5: beside values of 100 a step of the input is 8 10^-6.
  const auto near = [](FloatTensor& input, bool) { input[0] = 1.5F + 5e-5F * (input[0] + (input[0] < 0 ? -1 : 1)); };
  EXPECT_EQ(error(op(OpKind::kLess, {constant({1, 4}, {1.5F, 20, 1.501F, -20}), joined}), -100, 100, false, near), 0);
}

// Thresholds of trees are often values of the table: what equals one is not above it, whatever the input's unit.
TEST_F(WideValues, WhatEqualsAThreshold) {
  std::vector<float> thresholds(64);
  for (std::size_t i = 0; i < thresholds.size(); ++i) thresholds[i] = 0.9F + 0.0137F * static_cast<float>(i);
  static const std::vector<float> values = thresholds;
  const auto equal = [](FloatTensor& input, bool) {
    for (std::size_t i = 0; i < 63; ++i) input[i] = values[i];
    input[63] = 100;
  };
  for (const OpKind kind : {OpKind::kLess, OpKind::kEqual}) {
    for (const bool constant_first : {true, false}) {
      graph_ = {};
      const ValueId x = input({1, 64});
      const ValueId c = constant({1, 64}, thresholds);
      EXPECT_EQ(error(op(kind, constant_first ? std::vector{c, x} : std::vector{x, c}), -100, 100, false, equal), 0);
    }
  }
}

// Whole numbers are on no side of a half.
TEST_F(WideValues, WholeNumbersBesideFractions) {
  for (const OpKind kind : {OpKind::kLess, OpKind::kEqual}) {
    for (const bool constant_first : {true, false}) {
      graph_ = {};
      const ValueId x =
          op(OpKind::kCast, {input({4, 8}, ir::DataType::kInt64)}, ir::CastAttributes{ir::DataType::kFloat});
      const ValueId c = constant({8}, {2.5F, 2.7F, 2.2F, -0.5F, 0.4F, 3, 2, 0});
      EXPECT_EQ(error(op(kind, constant_first ? std::vector{c, x} : std::vector{x, c}), -4, 5, true), 0);
    }
  }
}

// What a mask fills in says nothing about the range of the rest.
TEST_F(WideValues, MasksBeforeSoftmax) {
  for (const float fill : {-1e4F, -3.4e38F}) {
    graph_ = {};
    const ValueId x = input({4, 4});
    std::vector<float> mask(16, 0.0F);
    for (std::size_t i = 0; i < 4; ++i)
      for (std::size_t j = i + 1; j < 4; ++j) mask[4 * i + j] = fill;
    const ValueId masked = op(OpKind::kAdd, {x, constant({4, 4}, mask)});
    EXPECT_LT(error(op(OpKind::kSoftmax, {masked}, ir::SoftmaxAttributes{1}), -6, 6), 0.002) << fill;
  }
}

// A sum whose operands' units are no multiples of each other: the coarser one counts for what it is.
TEST_F(WideValues, SumsOfUnlikeUnits) {
  const ValueId x = input({4, 8});
  const ValueId y = input({4, 8});
  for (const float size : {1.0F, 2.7F, 37.0F, 0.013F}) {
    const ValueId product = op(OpKind::kMul, {op(OpKind::kMul, {x, y}), constant({}, {size})});
    EXPECT_LT(error(op(OpKind::kAdd, {product, op(OpKind::kRelu, {x})}), -3, 3), 0.002) << size;
    EXPECT_LT(error(op(OpKind::kRelu, {op(OpKind::kAdd, {product, x})}), -3, 3), 0.002) << size;
  }
}

// Rounded sums and products of floats, and what jumps: no result is another whole number but where it is near a step.
TEST_F(WideValues, RoundedSums) {
  for (const std::string_view name : {"Round", "Floor", "Ceil", "Truncate"}) {
    graph_ = {};
    const ValueId x = input({4, 8});
    const ValueId moved = op(OpKind::kAdd, {op(OpKind::kMul, {x, constant({}, {17.3F})}), constant({}, {0.37F})});
    const ValueId whole = function(name, moved);
    // Of 69; a number within rounding of a step may fall on its other side.
    EXPECT_LT(error(op(OpKind::kMul, {whole, constant({}, {1.0F})}), -4, 4), 0.016) << name;
  }
}

// Few enough integers for a table, in a unit that is not one.
TEST_F(WideValues, RoundedMultiplesOfWholeNumbers) {
  for (const float size : {0.5F, 0.313F, 2.5F}) {
    graph_ = {};
    const ValueId x =
        op(OpKind::kCast, {input({4, 8}, ir::DataType::kInt64)}, ir::CastAttributes{ir::DataType::kFloat});
    const ValueId factor = constant({}, {size});
    graph_.value(factor).literal = true;
    EXPECT_LT(error(function("Round", op(OpKind::kMul, {x, factor})), 0, 200, true), 1e-6) << size;
  }
}

TEST_F(WideValues, TiesGoToEvenNumbers) {
  const ValueId x = input({2, 64});
  graph_.outputs = {function("Round", x)};
  std::vector<TensorMap> all(4);
  for (TensorMap& map : all) {
    FloatTensor tensor(Shape{2, 64});
    for (std::size_t i = 0; i < 128; ++i)
      tensor[i] = i % 2 == 0 ? static_cast<float>(i) / 4 - 15 : std::uniform_real_distribution<float>(-16, 16)(random_);
    map.emplace("x0", tensor);
  }
  const Result<Quantized> quantized = quantize(graph_, all);
  ASSERT_TRUE(quantized.ok()) << quantized.status().to_string();
  const FloatTensor& given = all[0].at("x0");
  const qir::QGraph& graph = quantized->graph;
  const auto witness = exec_integer::run(
      graph, quantized->params, exec_integer::Inputs{*quantize_input(graph.value(graph.inputs[0]), given.data())});
  ASSERT_TRUE(witness.ok());
  const qir::ValueId y = graph.outputs[0];
  const std::vector<float> got = dequantize(graph.value(y), witness->values[y]);
  for (std::size_t i = 0; i < 128; i += 2) EXPECT_EQ(got[i], std::nearbyint(given[i])) << given[i];
}

// A last layer with one entry far above the others.
TEST_F(WideValues, OutliersOfTheLastWeights) {
  const ValueId x = input({2, 16});
  std::vector<float> weights(64);
  for (float& w : weights) w = std::uniform_real_distribution<float>(-1, 1)(random_);
  const ValueId hidden = op(OpKind::kRelu, {x});
  weights[5] = 2000;
  const ValueId y = op(OpKind::kMatMul, {hidden, constant({16, 4}, weights)});
  ir::SliceAttributes others{{0, 2}, {2, 2}, {1, 1}};
  EXPECT_LT(error(op(OpKind::kSlice, {y}, others), -1, 1), 0.002);
}

TEST_F(WideValues, WholeNumbersAreExact) {
  const ValueId a = input({4, 8}, ir::DataType::kInt64);
  const ValueId b = input({4, 8}, ir::DataType::kInt64);
  const ValueId product = op(OpKind::kMul, {a, b});
  EXPECT_EQ(error(op(OpKind::kSub, {product, a}), -1000, 1000, true), 0);
}

TEST_F(WideValues, DivisionOfWholeNumbersIsTowardsZero) {
  const ValueId a = input({4, 8}, ir::DataType::kInt64);
  const ValueId divisor =
      graph_.add_constant("d", AnyTensor(IntTensor(Shape{8}, {1, 2, 3, 7, -1, -2, -5, 100})), ir::DataType::kInt64);
  EXPECT_EQ(error(op(OpKind::kDiv, {a, divisor}), -1000, 1000, true), 0);
}

TEST_F(WideValues, ChannelsOfUnlikeSizes) {
  const ValueId x = input({2, 8});
  std::vector<float> first(64), second(64);
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (std::size_t i = 0; i < 64; ++i) {
    const float size = std::pow(10.0F, static_cast<float>(i % 8) - 3);  // of column i % 8
    first[i] = uniform(random_) * size;
    second[i] = uniform(random_);
  }
  // Row i reads channel i: all channels matter alike.
  for (std::size_t i = 0; i < 64; ++i) second[i] /= std::pow(10.0F, static_cast<float>(i / 8) - 3);
  const ValueId hidden = op(OpKind::kRelu, {op(OpKind::kMatMul, {x, constant({8, 8}, first)})});
  // Without, four of the eight channels would be lost: errors above one half.
  EXPECT_LT(error(op(OpKind::kMatMul, {hidden, constant({8, 8}, second)}), -1, 1), 0.02);
}

TEST_F(WideValues, AChannelThatWasQuietInCalibration) {
  const ValueId x = input({1, 2});
  const ValueId hidden = op(OpKind::kRelu, {op(OpKind::kMatMul, {x, constant({2, 2}, {1, 0, 0, 1})})});
  const ValueId y = op(OpKind::kMatMul, {hidden, constant({2, 1}, {1, 1})});
  // Raised to the size of the other one, its sums would be cut: an error of one half.
  const auto quiet = [](FloatTensor& input, bool calibrates) { input[1] = calibrates ? 0.01F * input[1] : 0.5F; };
  EXPECT_LT(error(y, -1, 1, false, quiet), 0.005);
}

// Silent in calibration, but only because it was below 0: no small channel.
TEST_F(WideValues, AChannelThatWasBelowZeroInCalibration) {
  const ValueId x = input({1, 2});
  const ValueId hidden = op(OpKind::kRelu, {op(OpKind::kMatMul, {x, constant({2, 2}, {1, 0, 0, 1})})});
  const ValueId y = op(OpKind::kMatMul, {hidden, constant({2, 1}, {1, 1})});
  const auto silent = [](FloatTensor& input, bool calibrates) {
    input[1] = calibrates ? std::min(input[1], 1e-4F) : 0.9F;
  };
  EXPECT_LT(error(y, -1, 1, false, silent), 0.002);
}

// A small value beside a large one in an output keeps its own unit for who else reads it.
TEST_F(WideValues, OutputsPutTogetherKeepTheirUnits) {
  const ValueId x = input({1, 4});
  const ValueId small = op(OpKind::kMul, {x, x});
  const ValueId large = op(OpKind::kMul, {op(OpKind::kMul, {x, x}), constant({1, 4}, {3e4F, 2e4F, 3e4F, 2e4F})});
  const ValueId product = op(OpKind::kMul, {small, x});
  const ValueId again = op(OpKind::kMul, {product, constant({1, 4}, {2e4F, 3e4F, 2e4F, 3e4F})});
  EXPECT_LT(error(op(OpKind::kConcat, {small, large, again}, ir::ConcatAttributes{1}), -1, 1), 0.001);
}

// What an input is read for is found in one pass: a value that is read twice by each of forty nodes has 2^40 ways to its end.
TEST_F(WideValues, ManyWaysThroughAGraph) {
  ValueId x = input({1, 3});
  for (int i = 0; i < 40; ++i) x = op(OpKind::kDiv, {x, x});
  EXPECT_EQ(error(function("Round", x), 1, 2), 0);
}

TEST_F(WideValues, GatherByComputedIndices) {
  const ValueId data = constant({16, 4}, [&] {
    std::vector<float> values(64);
    for (float& v : values) v = std::uniform_real_distribution<float>(-1, 1)(random_);
    return values;
  }());
  const ValueId indices = input({6}, ir::DataType::kInt64);
  EXPECT_LT(error(op(OpKind::kGather, {data, indices}, ir::GatherAttributes{0}), 0, 16, true), 0.0002);
}

}  // namespace
}  // namespace zkinfer::quant
