// SPDX-License-Identifier: Apache-2.0
#include "frontend/tflite/reader.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <random>

#include "frontend/tflite/test_networks.h"
#include "frontend/tflite/test_run.h"

namespace zkinfer::frontend_tflite {
namespace {

TEST(Tflite, AConvolutionWithChannelsLast) {
  // 2x2 of 2 channels, one filter of 1x1 per group of two: y = relu(c0 + 10 c1 + 1).
  TestFile file;
  const int x = file.tensor("x", {-1, 2, 2, 2});
  const int w = file.floats("w", {1, 1, 1, 2}, {1, 10});
  const int b = file.floats("b", {1}, {1});
  const int y = file.tensor("y", {1, 2, 2, 1});
  file.op("CONV_2D", {x, w, b}, {y}, {{0, kValid}, {1, integer(1)}, {2, integer(1)}, {3, kRelu}});
  file.ends({x}, {y});
  Shape shape;
  expect_near(run(file, FloatTensor(Shape{1, 2, 2, 2}, {1, 2, 3, 4, -5, -6, 7, 8}), &shape), {22, 44, 0, 88});
  EXPECT_EQ(shape, (Shape{1, 2, 2, 1}));
}

TEST(Tflite, PaddingOfTheSameSizeIsMoreAtTheEnd) {
  TestFile file;
  const int x = file.tensor("x", {1, 1, 4, 1});
  const int w = file.floats("w", {1, 1, 3, 1}, {1, 10, 100});
  const int y = file.tensor("y", {1, 1, 2, 1});
  file.op("CONV_2D", {x, w}, {y}, {{0, kSame}, {1, integer(2)}, {2, integer(1)}});
  file.ends({x}, {y});
  // Three of padding are needed beside two windows of 3 with stride 2: none before, one after.
  expect_near(run(file, FloatTensor(Shape{1, 1, 4, 1}, {1, 2, 3, 4})), {321, 43});
}

TEST(Tflite, DepthwiseKeepsTheOrderOfItsChannels) {
  TestFile file;
  const int x = file.tensor("x", {1, 1, 2, 2});
  const int w = file.floats("w", {1, 1, 1, 4}, {1, 2, 3, 4});  // two for each channel
  const int y = file.tensor("y", {1, 1, 2, 4});
  file.op("DEPTHWISE_CONV_2D", {x, w}, {y}, {{0, kValid}, {1, integer(1)}, {2, integer(1)}, {3, integer(2)}});
  file.ends({x}, {y});
  expect_near(run(file, FloatTensor(Shape{1, 1, 2, 2}, {1, 10, 2, 20})), {1, 2, 30, 40, 2, 4, 60, 80});
}

TEST(Tflite, TransposedConvolutionCutsAsTheForwardOnePads) {
  TestFile file;
  const int size = file.ints("size", {1, 1, 4, 1});
  const int w = file.floats("w", {1, 1, 3, 1}, {1, 10, 100});
  const int x = file.tensor("x", {1, 1, 2, 1});
  const int y = file.tensor("y", {1, 1, 4, 1});
  file.op("TRANSPOSE_CONV", {size, w, x}, {y}, {{0, kSame}, {1, integer(2)}, {2, integer(1)}});
  file.ends({x}, {y});
  // 1 10 100 and 2 20 200 from place 2 on are 1 10 102 20 200: one too many, at the end.
  expect_near(run(file, FloatTensor(Shape{1, 1, 2, 1}, {1, 2})), {1, 10, 102, 20});
}

TEST(Tflite, ANetworkOfLayersInBothLayouts) {
  TestFile file;
  const int x = file.tensor("x", {1, 4, 4, 1});
  const int w = file.floats("w", {2, 1, 1, 1}, {1, -1});
  const int c = file.tensor("c", {1, 4, 4, 2});
  file.op("CONV_2D", {x, w}, {c}, {{0, kValid}, {1, integer(1)}, {2, integer(1)}, {3, kRelu6}});
  const int p = file.tensor("p", {1, 2, 2, 2});
  file.op("MAX_POOL_2D", {c}, {p}, {{0, kValid}, {1, integer(2)}, {2, integer(2)}, {3, integer(2)}, {4, integer(2)}});
  const int channel = file.floats("s", {2}, {1, 2});
  const int scaled = file.tensor("scaled", {1, 2, 2, 2});
  file.op("MUL", {p, channel}, {scaled});
  const int twice = file.tensor("twice", {1, 2, 2, 2});
  file.op("ADD", {scaled, p}, {twice});
  const int axes = file.ints("axes", {1, 2});
  const int mean = file.tensor("mean", {1, 2});
  file.op("MEAN", {twice, axes}, {mean});
  file.ends({x}, {mean});
  std::vector<float> image(16);
  for (std::size_t i = 0; i < 16; ++i) image[i] = static_cast<float>(i) - 7;
  // Largest of 2x2: -2 0 6 8 -> 0, 0, 6, 6 (to 6); of the negated: 7 5 -1 -3 -> 6 5 0 0.
  expect_near(run(file, FloatTensor(Shape{1, 4, 4, 1}, image)), {2 * 12 / 4.F, 3 * 11 / 4.F});
}

TEST(Tflite, QuantizedLayersRoundWhereTheInterpreterDoes) {
  // x = 0.5 (q + 10); y = round((0.5 * 0.25 * sum) / 0.3) + 3, cut at the bounds and at zero.
  TestFile file;
  const int x = file.tensor("x", {1, 2}, Type::kInt8, {{0.5F, -10}});
  const int w = file.constant<std::int8_t>("w", {2, 2}, Type::kInt8, {3, -2, 1, 127}, {{0.25F, 0}, {0.125F, 0}});
  const int b = file.constant<std::int32_t>("b", {2}, Type::kInt32, {8, -16}, {{0.125F, 0}, {0.0625F, 0}});
  const int y = file.tensor("y", {1, 2}, Type::kInt8, {{0.3F, 3}});
  file.op("FULLY_CONNECTED", {x, w, b}, {y}, {{0, kRelu}});
  file.ends({x}, {y});
  // q = 5, 7: 0.125 (3*15 - 2*17 + 8) = 2.375 -> 7.92 -> 8 + 3; 0.0625 (15 + 127*17 - 16) = 134.875 -> 450 -> 127.
  expect_near(run(file, FloatTensor(Shape{1, 2}, {5, 7})), {11, 127});
  // q = -10, 30: 0.125 (-80 + 8) < 0 -> the zero point.
  EXPECT_EQ(run(file, FloatTensor(Shape{1, 2}, {-10, 30}))[0], 3);
}

// The reference kernel of convolutions rounds 16 * 0.0305 = 0.488 to 16 thirty-seconds first, which is a half, and that away from zero.
TEST(Tflite, SumsAreRoundedTwiceWhereTheInterpreterDoes) {
  for (const bool relu : {false, true}) {
    for (const int channels : {1, 2}) {
      TestFile file;
      const int x = file.tensor("x", {1, 1, 1, 1}, Type::kInt8, {{1, 0}});
      std::vector<std::int8_t> weights{1};
      std::vector<TestFile::Grid> grids{{0.0305F, 0}};
      if (channels == 2) {
        weights.push_back(-1);
        grids.push_back({0.0305F, 0});
      }
      const int w = file.constant<std::int8_t>("w", {channels, 1, 1, 1}, Type::kInt8, weights, grids);
      const int y = file.tensor("y", {1, 1, 1, channels}, Type::kInt8, {{1, 5}});
      file.op("CONV_2D", {x, w}, {y},
              {{0, kValid}, {1, integer(1)}, {2, integer(1)}, {3, relu ? kRelu : Flat::number(std::int8_t{0})}});
      file.ends({x}, {y});
      const auto expect = [&](float q, float rounded) {
        std::vector<float> want{relu ? std::max(rounded, 0.F) + 5 : rounded + 5};
        if (channels == 2) want.push_back(relu ? std::max(-rounded, 0.F) + 5 : 5 - rounded);
        expect_near(run(file, FloatTensor(Shape{1, 1, 1, 1}, {q})), want);
      };
      expect(16, 1);
      expect(-16, -1);
      expect(15, 0);
      expect(-15, 0);
      expect(100, 3);
      expect(-100, -3);
      expect(0, 0);
    }
  }
}

// Means of 1 and 2 of the stored integers become 2, of -1 and -2 become -2, whatever the zero point.
TEST(Tflite, MeansInTheMiddleGoAwayFromZero) {
  for (const std::int64_t zero : {std::int64_t{-128}, std::int64_t{0}, std::int64_t{7}}) {
    TestFile file;
    const int x = file.tensor("x", {1, 1, 6, 1}, Type::kInt8, {{0.5F, zero}});
    const int y = file.tensor("y", {1, 1, 3, 1}, Type::kInt8, {{0.5F, zero}});
    file.op("AVERAGE_POOL_2D", {x}, {y},
            {{0, kValid}, {1, integer(2)}, {2, integer(1)}, {3, integer(2)}, {4, integer(1)}});
    file.ends({x}, {y});
    expect_near(run(file, FloatTensor(Shape{1, 1, 6, 1}, {1, 2, -1, -2, 0, 1})), {2, -2, 1});

    TestFile border;
    const int a = border.tensor("x", {1, 1, 2, 1}, Type::kInt8, {{0.5F, zero}});
    const int b = border.tensor("y", {1, 1, 2, 1}, Type::kInt8, {{0.5F, zero}});
    border.op("AVERAGE_POOL_2D", {a}, {b},
              {{0, kSame}, {1, integer(1)}, {2, integer(1)}, {3, integer(3)}, {4, integer(1)}});
    border.ends({a}, {b});
    expect_near(run(border, FloatTensor(Shape{1, 1, 2, 1}, {4, 5})), {5, 5});
  }
}

TEST(Tflite, IntegersAreInputsAndOutputsAsTheyAreStored) {
  TestFile file;
  const int x = file.tensor("x", {1, 4}, Type::kInt8, {{0.5F, 1}});
  const int shape = file.ints("shape", {2, 2});
  const int y = file.tensor("y", {2, 2}, Type::kInt8, {{0.5F, 1}});
  file.op("RESHAPE", {x, shape}, {y});
  file.ends({x}, {y});
  const Result<ir::Graph> graph = import_tflite(file.bytes());
  ASSERT_TRUE(graph.ok()) << graph.status().to_string();
  const ir::Value& input = graph->value(graph->inputs[0]);
  EXPECT_EQ(input.dtype, ir::DataType::kInt64);
  ASSERT_TRUE(input.declared.has_value());
  EXPECT_EQ(*input.declared, (ir::IntegerRange{-128, 127}));
  expect_near(run(file, FloatTensor(Shape{1, 4}, {-128, 0, 1, 127})), {-128, 0, 1, 127});
}

TEST(Tflite, WeightsOfSixteenBitsAreDequantizedInTheFile) {
  TestFile file;
  const int x = file.tensor("x", {1, 2});
  const int half = file.constant<std::uint16_t>("half", {1, 2}, Type::kFloat16, {0x3c00, 0xc000});  // 1, -2
  const int w = file.tensor("w", {1, 2});
  file.op("DEQUANTIZE", {half}, {w});
  const int y = file.tensor("y", {1, 1});
  file.op("FULLY_CONNECTED", {x, w, -1}, {y});
  file.ends({x}, {y});
  expect_near(run(file, FloatTensor(Shape{1, 2}, {5, 3})), {-1});
}

// One operator on a vector of six, or on a matrix 2x3.
struct UnaryCase {
  const char* op;
  std::map<int, Flat::Field> options;
  float (*function)(float);
};

TEST(Tflite, Functions) {
  const std::vector<UnaryCase> cases{
      {"ABS", {}, [](float x) { return std::fabs(x); }},
      {"NEG", {}, [](float x) { return -x; }},
      {"EXP", {}, [](float x) { return std::exp(x); }},
      {"SIN", {}, [](float x) { return std::sin(x); }},
      {"COS", {}, [](float x) { return std::cos(x); }},
      {"FLOOR", {}, [](float x) { return std::floor(x); }},
      {"CEIL", {}, [](float x) { return std::ceil(x); }},
      {"ROUND", {}, [](float x) { return std::nearbyint(x); }},
      {"SIGN", {}, [](float x) { return static_cast<float>((x > 0) - (x < 0)); }},
      {"SQUARE", {}, [](float x) { return x * x; }},
      {"LOGISTIC", {}, [](float x) { return 1 / (1 + std::exp(-x)); }},
      {"TANH", {}, [](float x) { return std::tanh(x); }},
      {"ELU", {}, [](float x) { return x < 0 ? std::expm1(x) : x; }},
      {"RELU", {}, [](float x) { return std::max(x, 0.F); }},
      {"RELU6", {}, [](float x) { return std::clamp(x, 0.F, 6.F); }},
      {"RELU_N1_TO_1", {}, [](float x) { return std::clamp(x, -1.F, 1.F); }},
      {"RELU_0_TO_1", {}, [](float x) { return std::clamp(x, 0.F, 1.F); }},
      {"HARD_SWISH", {}, [](float x) { return x * std::clamp(x / 6 + 0.5F, 0.F, 1.F); }},
      {"LEAKY_RELU", {{0, Flat::number(0.25F)}}, [](float x) { return x < 0 ? x / 4 : x; }},
      {"GELU", {{0, Flat::number(std::uint8_t{0})}}, [](float x) { return x * std::erfc(-x / std::sqrt(2.F)) / 2; }},
      {"FAKE_QUANT",
       {{0, Flat::number(-1.F)}, {1, Flat::number(2.F)}, {2, integer(2)}},
       [](float x) { return std::clamp(std::nearbyint(x), -1.F, 2.F); }},
  };
  const std::vector<float> numbers{-7.25F, -1.5F, -0.5F, 0, 0.75F, 8.5F};
  for (const UnaryCase& c : cases) {
    SCOPED_TRACE(c.op);
    TestFile file;
    const int x = file.tensor("x", {2, 3});
    const int y = file.tensor("y", {2, 3});
    file.op(c.op, {x}, {y}, c.options);
    file.ends({x}, {y});
    std::vector<float> want;
    for (const float number : numbers) want.push_back(c.function(number));
    expect_near(run(file, FloatTensor(Shape{2, 3}, numbers)), want, 1e-4F);
  }
}

struct MovementCase {
  const char* op;
  std::vector<std::vector<std::int32_t>> integers;  // inputs after the first
  std::map<int, Flat::Field> options;
  std::vector<std::int32_t> dims;  // of the result
  std::vector<float> want;
};

// Of [[0, 1, 2], [3, 4, 5]].
TEST(Tflite, MovementsAndReductions) {
  const auto flag = Flat::number(std::uint8_t{1});
  const std::vector<MovementCase> cases{
      {"RESHAPE", {{3, -1}}, {}, {3, 2}, {0, 1, 2, 3, 4, 5}},
      {"TRANSPOSE", {{1, 0}}, {}, {3, 2}, {0, 3, 1, 4, 2, 5}},
      {"EXPAND_DIMS", {{-1}}, {}, {2, 3, 1}, {0, 1, 2, 3, 4, 5}},
      {"SLICE", {{0, 1}, {-1, 2}}, {}, {2, 2}, {1, 2, 4, 5}},
      {"STRIDED_SLICE", {{0, -1}, {2, 0}, {1, -2}}, {{1, integer(2)}}, {2, 2}, {2, 0, 5, 3}},
      {"STRIDED_SLICE", {{1, 0}, {2, 2}, {1, 1}}, {{0, integer(2)}, {4, integer(1)}}, {2}, {3, 4}},
      {"STRIDED_SLICE",
       {{0, 0, -1}, {0, 0, 0}, {1, 1, 1}},
       {{2, integer(1)}, {3, integer(2)}, {4, integer(4)}},
       {2, 1},
       {2, 5}},
      {"PAD", {{1, 0, 0, 2}}, {}, {3, 5}, {0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 5, 0, 0}},
      {"MIRROR_PAD", {{0, 0, 1, 2}}, {}, {2, 6}, {1, 0, 1, 2, 1, 0, 4, 3, 4, 5, 4, 3}},
      {"MIRROR_PAD", {{0, 0, 1, 2}}, {{0, Flat::number(std::int8_t{1})}}, {2, 6}, {0, 0, 1, 2, 2, 1, 3, 3, 4, 5, 5, 4}},
      {"GATHER", {{2, 0}}, {{0, integer(1)}}, {2, 2}, {2, 0, 5, 3}},
      {"TILE", {{1, 2}}, {}, {2, 6}, {0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5}},
      {"REVERSE_V2", {{1}}, {}, {2, 3}, {2, 1, 0, 5, 4, 3}},
      {"BROADCAST_TO", {{2, 2, 3}}, {}, {2, 2, 3}, {0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5}},
      {"MEAN", {{1}}, {}, {2}, {1, 4}},
      {"SUM", {{0}}, {{0, flag}}, {1, 3}, {3, 5, 7}},
      {"REDUCE_MAX", {{-1}}, {}, {2}, {2, 5}},
      {"REDUCE_MIN", {{0, 1}}, {}, {}, {0}},
      {"CUMSUM", {{1}}, {{0, flag}}, {2, 3}, {0, 0, 1, 0, 3, 7}},
      {"ARG_MAX", {{1}}, {}, {2}, {2, 2}},
      {"ARG_MIN", {{0}}, {}, {3}, {0, 0, 0}},
  };
  for (const MovementCase& c : cases) {
    SCOPED_TRACE(c.op);
    TestFile file;
    const int x = file.tensor("x", {2, 3});
    std::vector<std::int32_t> inputs{x};
    for (std::size_t i = 0; i < c.integers.size(); ++i)
      inputs.push_back(file.ints("i" + std::to_string(i), c.integers[i]));
    const bool places = std::string_view(c.op).substr(0, 4) == "ARG_";
    const int y = file.tensor("y", c.dims, places ? Type::kInt32 : Type::kFloat32);
    file.op(c.op, inputs, {y}, c.options);
    file.ends({x}, {y});
    Shape shape;
    expect_near(run(file, FloatTensor(Shape{2, 3}, {0, 1, 2, 3, 4, 5}), &shape), c.want);
    EXPECT_EQ(shape.dims(), Dims(c.dims.begin(), c.dims.end()));
  }
}

TEST(Tflite, PartsAndTheirJoining) {
  TestFile file;
  const int x = file.tensor("x", {1, 4});
  const int axis = file.constant<std::int32_t>("axis", {}, Type::kInt32, {1});
  const int a = file.tensor("a", {1, 2});
  const int b = file.tensor("b", {1, 2});
  file.op("SPLIT", {axis, x}, {a, b}, {{0, integer(2)}});
  const int packed = file.tensor("packed", {1, 2, 2});
  file.op("PACK", {b, a}, {packed}, {{0, integer(2)}, {1, integer(1)}});
  const int first = file.tensor("first", {1, 2});
  const int second = file.tensor("second", {1, 2});
  file.op("UNPACK", {packed}, {first, second}, {{0, integer(2)}, {1, integer(2)}});
  const int y = file.tensor("y", {1, 4});
  file.op("CONCATENATION", {first, second}, {y}, {{0, integer(-1)}});
  file.ends({x}, {y});
  expect_near(run(file, FloatTensor(Shape{1, 4}, {1, 2, 3, 4})), {3, 1, 4, 2});
}

TEST(Tflite, SpaceToBatchAndBack) {
  TestFile file;
  const int x = file.tensor("x", {1, 2, 3, 1});
  const int block = file.ints("block", {1, 2});
  const int border = file.constant<std::int32_t>("border", {2, 2}, Type::kInt32, {0, 0, 1, 0});
  const int parts = file.tensor("parts", {2, 2, 2, 1});
  file.op("SPACE_TO_BATCH_ND", {x, block, border}, {parts});
  const int y = file.tensor("y", {1, 2, 3, 1});
  file.op("BATCH_TO_SPACE_ND", {parts, block, border}, {y});
  file.ends({x}, {parts});
  expect_near(run(file, FloatTensor(Shape{1, 2, 3, 1}, {1, 2, 3, 4, 5, 6})), {0, 2, 0, 5, 1, 3, 4, 6});
  file.ends({x}, {y});
  expect_near(run(file, FloatTensor(Shape{1, 2, 3, 1}, {1, 2, 3, 4, 5, 6})), {1, 2, 3, 4, 5, 6});
}

// h = o tanh(c), c = f c + i g with sums of x and h; all weights 0.5, a cell cut at 0.6.
TEST(Tflite, LstmStepsAndItsClip) {
  TestFile file;
  const int x = file.tensor("x", {1, 3, 1});
  std::vector<std::int32_t> inputs(24, -1);
  inputs[0] = x;
  for (std::size_t gate = 0; gate < 4; ++gate) {
    inputs[1 + gate] = file.floats("w" + std::to_string(gate), {1, 1}, {0.5F});
    inputs[5 + gate] = file.floats("r" + std::to_string(gate), {1, 1}, {0.5F});
    inputs[12 + gate] = file.floats("b" + std::to_string(gate), {1}, {1});
  }
  inputs[18] = file.tensor("h", {1, 1});
  inputs[19] = file.tensor("c", {1, 1});
  const int y = file.tensor("y", {1, 3, 1});
  file.op("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, {y}, {{0, Flat::number(std::int8_t{4})}, {1, Flat::number(0.6F)}});
  file.ends({x}, {y});
  const std::vector<float> sequence{1, -2, 3};
  std::vector<float> want;
  float h = 0, c = 0;
  for (const float number : sequence) {
    const float sum = number / 2 + h / 2 + 1;
    const float gate = 1 / (1 + std::exp(-sum));
    c = std::clamp(gate * c + gate * std::tanh(sum), -0.6F, 0.6F);
    h = gate * std::tanh(c);
    want.push_back(h);
  }
  expect_near(run(file, FloatTensor(Shape{1, 3, 1}, sequence)), want, 1e-5F);

  std::vector<std::string> notes;
  frontend_onnx::ImportOptions options;
  options.note = [&](std::string note) { notes.push_back(std::move(note)); };
  ASSERT_TRUE(import_tflite(file.bytes(), options).ok());
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_TRUE(contains(notes[0], "its state is zero when an inference begins")) << notes[0];
}

TEST(Tflite, EverythingThatIsRefusedIsSaidAtOnce) {
  TestFile file;
  const int x = file.tensor("x", {1, 4});
  const int a = file.tensor("spectrum;fft", {1, 4});
  file.op("MyFft", {x}, {a});
  const int b = file.tensor("b", {1, 4});
  file.op("RELU", {a}, {b});
  const int c = file.tensor("c", {1, 4});
  file.op("WHILE", {b}, {c});
  const int axis = file.tensor("axis", {1}, Type::kInt32);
  const int d = file.tensor("d", {1, 4});
  file.op("CUMSUM", {c, axis}, {d});
  const int e = file.tensor("e", {1});
  file.op("ARG_MAX", {d, axis}, {e});
  const int y = file.tensor("y", {1, 4});
  file.op("ADD", {d, x}, {y}, {{0, Flat::number(std::int8_t{5})}});
  file.ends({x, axis}, {y});
  std::vector<frontend_onnx::Refusal> parts;
  frontend_onnx::ImportOptions options;
  options.refused = [&](const frontend_onnx::Refusal& part) { parts.push_back(part); };
  const Status status = import_tflite(file.bytes(), options).status();
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  for (const std::string_view part :
       {"4 part(s)", "operator 'spectrum' (MyFft): a custom operator", "operator 'c' (WHILE): control flow",
        "operator 'e' (ARG_MAX): the axis 'axis' is computed at run time", "operator 'y' (ADD): fused activation 5"})
    EXPECT_TRUE(contains(status.message(), part)) << part << " in:\n" << status.message();
  ASSERT_EQ(parts.size(), 4U);
  EXPECT_EQ(parts[0].node, "spectrum");
  EXPECT_EQ(parts[0].op, "MyFft");
}

TEST(Tflite, BadFilesAreErrors) {
  const auto code = [](const TestFile& file) { return import_tflite(file.bytes()).status().code(); };
  TestFile absent;
  absent.op("RELU", {absent.tensor("x", {1}), 7}, {absent.tensor("y", {1})});
  absent.ends({0}, {1});
  EXPECT_EQ(code(absent), StatusCode::kCorrupt);

  TestFile short_data;
  const int x = short_data.tensor("x", {1, 2});
  const int w = short_data.constant<float>("w", {2, 2}, Type::kFloat32, {1, 2, 3});
  const int y = short_data.tensor("y", {1, 2});
  short_data.op("FULLY_CONNECTED", {x, w}, {y});
  short_data.ends({x}, {y});
  EXPECT_EQ(code(short_data), StatusCode::kCorrupt);

  TestFile no_scale;
  const int q = no_scale.tensor("q", {1}, Type::kInt8, {{0, 0}});
  const int r = no_scale.tensor("r", {1});
  no_scale.op("DEQUANTIZE", {q}, {r});
  no_scale.ends({q}, {r});
  EXPECT_EQ(code(no_scale), StatusCode::kCorrupt);

  TestFile never;
  never.tensor("x", {1});
  never.ends({0}, {never.tensor("y", {1})});
  EXPECT_EQ(code(never), StatusCode::kCorrupt);

  EXPECT_EQ(import_tflite({}).status().code(), StatusCode::kCorrupt);
}

// Cut and changed files end with an error or a graph, never otherwise (sanitizers look on in the fuzz target too).
TEST(Tflite, DamagedFilesAreTotal) {
  std::mt19937 random(3);
  for (const Bytes& whole : test_networks()) {
    const Result<ir::Graph> read = import_tflite(whole);
    ASSERT_TRUE(read.ok()) << read.status().to_string();
    for (std::size_t length = 0; length < whole.size(); ++length)
      EXPECT_NE(import_tflite(ByteView(whole).first(length)).status().code(), StatusCode::kInternal);
    std::size_t accepted = 0;
    for (int round = 0; round < 2000; ++round) {
      Bytes changed = whole;
      for (int i = 0; i <= round % 3; ++i) changed[random() % changed.size()] = static_cast<std::uint8_t>(random());
      const Result<ir::Graph> graph = import_tflite(changed);
      accepted += graph.ok() ? 1 : 0;
      EXPECT_NE(graph.status().code(), StatusCode::kInternal) << graph.status().to_string();
    }
    EXPECT_GT(accepted, 0U);
  }
}

// Work in proportion to the outputs, also where they are all one tensor.
TEST(Tflite, ManyOutputsOfOneTensorTakeNoTime) {
  TestFile file;
  const int x = file.tensor("x", {1, 4});
  const int y = file.tensor("y", {1, 4});
  file.op("RELU", {x}, {y});
  file.ends({x}, std::vector<std::int32_t>(30000, y));
  const auto start = std::chrono::steady_clock::now();
  Result<ir::Graph> graph = import_tflite(file.bytes());
  ASSERT_TRUE(graph.ok()) << graph.status().to_string();
  graph = passes::legalize(std::move(*graph));
  ASSERT_TRUE(graph.ok()) << graph.status().to_string();
  EXPECT_EQ(graph->outputs.size(), 30000U);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

}  // namespace
}  // namespace zkinfer::frontend_tflite
