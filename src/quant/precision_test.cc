// SPDX-License-Identifier: Apache-2.0
// Networks that missed the error that was asked for, whatever their bits: each a small copy of what was wrong with a detector of other people's.
#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "quant/fidelity.h"
#include "quant/quantize.h"

namespace zkinfer::quant {
namespace {

using ir::OpKind;
using ir::ValueId;

constexpr double kExact = 0.0002;  // of --float-target exact

class Precision : public ::testing::Test {
 protected:
  ValueId input(Shape shape) { return graph_.add_input("x", ir::DataType::kFloat, std::move(shape)); }
  ValueId node(OpKind op, std::vector<ValueId> inputs, ir::Attributes attributes = {}) {
    return *graph_.add_node(op, "n" + std::to_string(graph_.nodes.size()), std::move(inputs), std::move(attributes));
  }
  ValueId weights(Shape shape, float size) {
    FloatTensor tensor(std::move(shape));
    for (float& w : tensor.data()) w = size * std::normal_distribution<float>()(random_);
    return graph_.add_constant("w" + std::to_string(graph_.values.size()), std::move(tensor));
  }
  ValueId conv(ValueId x, std::int64_t in, std::int64_t out, std::int64_t groups, float size) {
    return node(OpKind::kConv, {x, weights(Shape{out, in / groups, 3, 3}, size)},
                ir::ConvAttributes{{1, 1}, {1, 1}, {1, 1}, {1, 1}, groups});
  }
  // change(tensor, its index) makes what was drawn from 0 to 1 an input.
  template <class F>
  std::vector<TensorMap> draw(int count, F change) {
    std::vector<TensorMap> all(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < all.size(); ++i) {
      FloatTensor tensor(graph_.value(graph_.inputs[0]).shape);
      for (float& x : tensor.data()) x = std::uniform_real_distribution<float>(0, 1)(random_);
      change(tensor, i);
      all[i].emplace("x", std::move(tensor));
    }
    return all;
  }
  // The largest error of the largest value on `inputs`, of what is chosen by them.
  double error(ValueId output, const std::vector<TensorMap>& inputs, const QuantOptions& options) {
    graph_.outputs = {output};
    const Result<Quantized> quantized = quantize(graph_, inputs, options);
    EXPECT_TRUE(quantized.ok()) << quantized.status().to_string();
    if (!quantized.ok()) return 1;
    const Result<Fidelity> report = compare(graph_, quantized->graph, quantized->params, inputs);
    EXPECT_TRUE(report.ok()) << report.status().to_string();
    return report.ok() ? report->outputs[0].error_of_largest().value_or(1) : 1;
  }

  std::mt19937_64 random_{1};
  ir::Graph graph_;
};

// Pixels have 8 bits: at a large shift, weights of the most bits there are would still make a first layer of few levels. YuNet.
TEST_F(Precision, PixelsAreNoReasonForFewLevels) {
  ValueId x = input(Shape{1, 3, 10, 10});
  x = node(OpKind::kRelu, {conv(x, 3, 8, 1, 0.002F)});
  x = node(OpKind::kRelu, {conv(x, 8, 8, 8, 0.3F)});
  x = node(OpKind::kRelu, {conv(x, 8, 8, 1, 0.1F)});
  const ValueId y = conv(x, 8, 2, 1, 0.1F);
  const auto pixels = [](FloatTensor& tensor, std::size_t) {
    for (float& v : tensor.data()) v = std::floor(4 * v);  // of the dark
  };
  QuantOptions options;
  options.target_error = kExact;
  EXPECT_LT(error(y, draw(16, pixels), options), kExact);
}

// A channel that is never anything, made as large as the others, would have the largest weights by far, and the others few bits. Yolo-FastestV2.
TEST_F(Precision, DeadChannelsTakeNoBits) {
  const ValueId x = input(Shape{1, 4, 8, 8});
  const ValueId hidden = conv(x, 4, 4, 4, 0.3F);
  const ValueId y = conv(hidden, 4, 4, 1, 0.3F);
  const auto dead = [](FloatTensor& tensor, std::size_t) {
    for (std::size_t i = 0; i < 64; ++i) tensor[i] *= 1e-9F;
  };
  QuantOptions options;
  options.target_error = kExact;
  EXPECT_LT(error(y, draw(16, dead), options), kExact);
}

// What is exact enough on the few inputs that a large network is measured on is tried on more. UltraFace: of one picture the scores were plain.
TEST_F(Precision, HoldsOnInputsThatWereNotMeasured) {
  const ValueId x = input(Shape{8, 32});
  const ValueId scores = node(OpKind::kMatMul, {x, weights(Shape{32, 2}, 4)});
  const ValueId y = node(OpKind::kSoftmax, {scores}, ir::SoftmaxAttributes{1});
  const auto plain_once = [](FloatTensor& tensor, std::size_t index) {
    for (float& v : tensor.data()) v = index == 2 || index == 3 ? 5 * v : 0.1F * v;  // 2 is measured, 3 counted
  };
  QuantOptions options;
  options.max_measured_inputs = 1;
  EXPECT_LT(error(y, draw(30, plain_once), options), kDefaultFloatTarget);
}

}  // namespace
}  // namespace zkinfer::quant
