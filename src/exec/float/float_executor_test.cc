// SPDX-License-Identifier: Apache-2.0
#include "exec/float/float_executor.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "exec/float/kernels.h"

namespace zkinfer::exec_float {
namespace {

using ir::OpKind;
using ir::ValueId;

FloatTensor random_tensor(Shape shape, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  FloatTensor tensor(std::move(shape));
  for (float& x : tensor.data()) x = uniform(generator);
  return tensor;
}

// The definition, one sum per output element.
FloatTensor convolution(const FloatTensor& x, const FloatTensor& w, const ir::ConvAttributes& conv,
                        const Shape& shape) {
  FloatTensor y(shape);
  const std::int64_t group_channels = w.shape()[1];
  const std::int64_t group_filters = w.shape()[0] / conv.groups;
  const auto at = [](const FloatTensor& t, std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t d) {
    return t[static_cast<std::size_t>(((a * t.shape()[1] + b) * t.shape()[2] + c) * t.shape()[3] + d)];
  };
  std::size_t next = 0;
  for (std::int64_t n = 0; n < shape[0]; ++n)
    for (std::int64_t o = 0; o < shape[1]; ++o)
      for (std::int64_t i = 0; i < shape[2]; ++i)
        for (std::int64_t j = 0; j < shape[3]; ++j) {
          double sum = 0;
          for (std::int64_t c = 0; c < group_channels; ++c)
            for (std::int64_t kh = 0; kh < w.shape()[2]; ++kh)
              for (std::int64_t kw = 0; kw < w.shape()[3]; ++kw) {
                const std::int64_t row = i * conv.strides[0] + kh * conv.dilations[0] - conv.pads_begin[0];
                const std::int64_t column = j * conv.strides[1] + kw * conv.dilations[1] - conv.pads_begin[1];
                if (row < 0 || row >= x.shape()[2] || column < 0 || column >= x.shape()[3]) continue;
                sum += static_cast<double>(at(x, n, o / group_filters * group_channels + c, row, column)) *
                       static_cast<double>(at(w, o, c, kh, kw));
              }
          y[next++] = static_cast<float>(sum);
        }
  return y;
}

TEST(FloatExecutor, ConvolutionAgreesWithItsDefinition) {
  std::mt19937 random(11);
  const auto draw = [&](std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random() % static_cast<unsigned>(high - low + 1));
  };
  for (int round = 0; round < 200; ++round) {
    const std::int64_t groups = draw(1, 3);
    const Shape x_shape{draw(1, 2), groups * draw(1, 4), draw(3, 12), draw(3, 40)};
    const Shape w_shape{groups * draw(1, 9), x_shape[1] / groups, draw(1, 3), draw(1, 3)};
    const ir::ConvAttributes conv{
        {draw(1, 3), draw(1, 3)}, {draw(1, 2), draw(1, 2)}, {draw(0, 2), draw(0, 2)}, {draw(2, 3), draw(2, 3)}, groups};
    ir::Graph graph;
    const ValueId x = graph.add_input("x", ir::DataType::kFloat, x_shape);
    const FloatTensor weight = random_tensor(w_shape, static_cast<unsigned>(round));
    const ValueId w = graph.add_constant("w", weight);
    const Result<ValueId> y = graph.add_node(OpKind::kConv, "y", {x, w}, conv);
    if (!y.ok()) continue;  // the window does not fit
    graph.outputs = {*y};
    const FloatTensor input = random_tensor(x_shape, static_cast<unsigned>(round) + 1000);
    const FloatTensor got = run_float(graph, {{"x", input}})->at("y");
    const FloatTensor expected = convolution(input, weight, conv, graph.value(*y).shape);
    for (std::size_t i = 0; i < got.data().size(); ++i) ASSERT_NEAR(got[i], expected[i], 1e-4) << "round " << round;
  }
}

TEST(FloatExecutor, ProductAgreesWithItsDefinition) {
  std::mt19937 random(12);
  for (int round = 0; round < 100; ++round) {
    const std::size_t m = 1 + random() % 13;
    const std::size_t n = 1 + random() % 30;
    const std::size_t k = 1 + random() % 700;
    const auto size = [](std::size_t x) { return static_cast<std::int64_t>(x); };
    const FloatTensor a = random_tensor(Shape{size(m), size(k)}, 1);
    const FloatTensor b = random_tensor(Shape{size(k), size(n)}, 2);
    FloatTensor c(Shape{size(m), size(n)});
    gemm_accumulate(a.data().data(), b.data().data(), c.data().data(), m, n, k);
    for (std::size_t i = 0; i < m; ++i)
      for (std::size_t j = 0; j < n; ++j) {
        double sum = 0;
        for (std::size_t p = 0; p < k; ++p)
          sum += static_cast<double>(a[i * k + p]) * static_cast<double>(b[p * n + j]);
        ASSERT_NEAR(c[i * n + j], sum, 1e-3);
      }
  }
}

TEST(FloatExecutor, ObserverSeesEveryValueInOrder) {
  ir::Graph graph;
  const ValueId x = graph.add_input("x", ir::DataType::kFloat, {1, 3});
  const ValueId relu = graph.add_node(OpKind::kRelu, "relu", {x}).value();
  graph.outputs = {graph.add_node(OpKind::kArgMax, "best", {relu}, ir::ArgMaxAttributes{1, false}).value()};
  std::vector<std::string> names;
  std::vector<float> last;
  const auto observer = [&](const ir::Value& value, const FloatTensor& tensor) {
    names.push_back(value.name);
    last.assign(tensor.data().begin(), tensor.data().end());
  };
  const Result<TensorMap> outputs = run_float(graph, {{"x", FloatTensor(Shape{1, 3}, {-1, 5, 5})}}, observer);
  ASSERT_TRUE(outputs.ok());
  EXPECT_EQ(names, (std::vector<std::string>{"x", "relu", "best"}));
  EXPECT_EQ(last, std::vector<float>{1}) << "the first of equal maxima, as float";
  EXPECT_EQ(outputs->at("best"), FloatTensor(Shape{1}, {1}));
}

TEST(FloatExecutor, RefusesWrongInputs) {
  ir::Graph graph;
  const ValueId x = graph.add_input("x", ir::DataType::kFloat, {2});
  graph.outputs = {graph.add_node(OpKind::kRelu, "y", {x}).value()};
  for (const TensorMap& inputs :
       {TensorMap{}, TensorMap{{"x", FloatTensor(Shape{3})}}, TensorMap{{"z", FloatTensor(Shape{2})}},
        TensorMap{{"x", FloatTensor(Shape{2})}, {"z", FloatTensor(Shape{2})}}})
    EXPECT_EQ(run_float(graph, inputs).status().code(), StatusCode::kInvalidArgument);
}

Result<AnyTensor> fold(OpKind op, const IntTensor& a, const IntTensor& b) {
  const AnyTensor left = a;
  const AnyTensor right = b;
  ir::Node node;
  node.op = op;
  if (op == OpKind::kMod) node.attributes = ir::ModAttributes{};
  return evaluate(node, {&left, &right}, ir::DataType::kInt64, a.shape());
}

TEST(FloatExecutor, IntegerArithmeticIsCheckedAndNeverTraps) {
  const IntTensor lowest(Shape{1}, {INT64_MIN});
  const IntTensor minus_one(Shape{1}, {-1});
  const IntTensor zero(Shape{1}, {0});
  for (const OpKind op : {OpKind::kDiv, OpKind::kMod}) {
    EXPECT_EQ(fold(op, lowest, minus_one).status().code(), StatusCode::kOutOfRange);
    EXPECT_EQ(fold(op, minus_one, zero).status().code(), StatusCode::kOutOfRange);
  }
  for (const OpKind op : {OpKind::kAdd, OpKind::kMul})
    EXPECT_EQ(fold(op, lowest, minus_one).status().code(), StatusCode::kOutOfRange);
  const IntTensor three(Shape{1}, {3});
  const IntTensor minus_seven(Shape{1}, {-7});
  EXPECT_EQ(std::get<IntTensor>(*fold(OpKind::kMod, minus_seven, three))[0], 2) << "the sign of the divisor";
  EXPECT_EQ(std::get<IntTensor>(*fold(OpKind::kDiv, minus_seven, three))[0], -2) << "towards zero";
}

// VGG-16 on 32 x 32: 0.3 billion multiplications.
TEST(FloatExecutor, Vgg16IsFastEnoughForCalibration) {
  ir::Graph graph;
  ValueId x = graph.add_input("x", ir::DataType::kFloat, {1, 3, 32, 32});
  std::int64_t channels = 3;
  const ir::PoolAttributes pool{{2, 2}, {2, 2}, {1, 1}, {0, 0}, {0, 0}, false};
  for (const std::int64_t filters : {64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0}) {
    if (filters == 0) {
      x = graph.add_node(OpKind::kMaxPool, "pool", {x}, pool).value();
      continue;
    }
    const ValueId w = graph.add_constant("w", random_tensor(Shape{filters, channels, 3, 3}, 5));
    x = graph.add_node(OpKind::kConv, "conv", {x, w}, ir::ConvAttributes{{1, 1}, {1, 1}, {1, 1}, {1, 1}, 1}).value();
    x = graph.add_node(OpKind::kRelu, "relu", {x}).value();
    channels = filters;
  }
  graph.outputs = {x};
  const TensorMap inputs{{"x", random_tensor(Shape{1, 3, 32, 32}, 1)}};
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(run_float(graph, inputs).ok());
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::printf("VGG-16 at 32 x 32 in float: %.3f s\n", seconds);
  EXPECT_LT(seconds, 20) << "debug and sanitizer builds included";
}

}  // namespace
}  // namespace zkinfer::exec_float
