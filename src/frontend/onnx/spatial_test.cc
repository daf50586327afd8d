// SPDX-License-Identifier: Apache-2.0
// What is written with several operators against plain loops: convolutions, pools, transforms.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "frontend/onnx/test_runs.h"

namespace zkinfer::frontend_onnx {
namespace {

void expect_near(const FloatTensor& got, const Shape& shape, const std::vector<float>& expected) {
  ASSERT_EQ(got.shape(), shape);
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-4F) << "element " << i;
}

TEST(Convolution, ThreeAxesWithGroups) {
  TestModel model;
  model.input("x", {1, 2, 4, 3, 3})
      .output("y")
      .floats("w", {2, 1, 2, 2, 2}, random_list(16, 1))
      .floats("b", {2}, {1, -1});
  onnx::NodeProto& node = model.node("Conv", {"x", "w", "b"}, {"y"});
  set_int(node, "group", 2);
  set_ints(node, "strides", {2, 1, 1});
  set_ints(node, "pads", {1, 0, 1, 0, 0, 0});
  const std::vector<float> x = random_list(72, 2);
  const std::vector<float> w = random_list(16, 1);
  std::vector<float> expected;
  for (int c = 0; c < 2; ++c)
    for (int d = 0; d < 2; ++d)
      for (int i = 0; i < 2; ++i)
        for (int j = 0; j < 3; ++j) {
          float sum = c == 0 ? 1.0F : -1.0F;
          for (int k = 0; k < 8; ++k) {
            const int depth = 2 * d + k / 4 - 1;
            const int row = i + k / 2 % 2;
            const int column = j + k % 2 - 1;
            if (depth >= 0 && column >= 0)
              sum += w[static_cast<std::size_t>(c * 8 + k)] *
                     x[static_cast<std::size_t>(((c * 4 + depth) * 3 + row) * 3 + column)];
          }
          expected.push_back(sum);
        }
  expect_near(run(model, {{"x", FloatTensor(Shape{1, 2, 4, 3, 3}, x)}})["y"], Shape{1, 2, 2, 2, 3}, expected);
}

TEST(Convolution, AComputedWeightIsAsGoodAsAConstant) {
  const std::vector<float> x = random_list(2 * 4 * 25, 3);
  const std::vector<float> w = random_list(6 * 2 * 6, 4);
  FloatTensor results[2];
  for (const bool computed : {false, true}) {
    TestModel model;
    model.input("x", {2, 4, 5, 5}).output("y");
    if (computed)
      model.input("w", {6, 2, 2, 3}).input("b", {6});
    else
      model.floats("w", {6, 2, 2, 3}, w).floats("b", {6}, random_list(6, 5));
    onnx::NodeProto& node = model.node("Conv", {"x", "w", "b"}, {"y"});
    set_int(node, "group", 2);
    set_ints(node, "strides", {2, 1});
    set_ints(node, "dilations", {2, 1});
    set_ints(node, "pads", {1, 1, 0, 1});
    TensorMap inputs{{"x", FloatTensor(Shape{2, 4, 5, 5}, x)}};
    if (computed)
      inputs = {{"x", inputs["x"]},
                {"w", FloatTensor(Shape{6, 2, 2, 3}, w)},
                {"b", FloatTensor(Shape{6}, random_list(6, 5))}};
    results[computed ? 1 : 0] = run(model, inputs)["y"];
  }
  expect_near(results[1], results[0].shape(), {results[0].data().begin(), results[0].data().end()});
}

TEST(Convolution, NegativePadsCrop) {
  FloatTensor results[2];
  for (const bool crops : {false, true}) {
    TestModel model;
    model.input("x", {1, 1, 6, 6}).output("y").floats("w", {1, 1, 2, 2}, {1, 2, 3, 4});
    model.ints("starts", {1, 0}).ints("ends", {6, 5}).ints("axes", {2, 3});
    if (!crops) model.node("Slice", {"x", "starts", "ends", "axes"}, {"cut"});
    onnx::NodeProto& node = model.node("Conv", {crops ? "x" : "cut", "w"}, {"y"});
    if (crops) set_ints(node, "pads", {-1, 0, 0, -1});
    results[crops ? 1 : 0] = run(model, {{"x", FloatTensor(Shape{1, 1, 6, 6}, random_list(36, 6))}})["y"];
  }
  EXPECT_EQ(results[0], results[1]);
}

TEST(Pools, ThreeAxesAndDilatedAverages) {
  const std::vector<float> x = random_list(4 * 5 * 4, 7);
  for (const std::string op : {"MaxPool", "AveragePool", "LpPool"})
    for (const bool dilated : {false, true}) {
      if (op == "MaxPool" && dilated) continue;
      TestModel model(19);
      model.input("x", {1, 1, 4, 5, 4}).output("y");
      onnx::NodeProto& node = model.node(op, {"x"}, {"y"});
      set_ints(node, "kernel_shape", {2, 2, 2});
      set_ints(node, "strides", {1, 2, 1});
      set_ints(node, "pads", {0, 1, 0, 0, 0, 1});
      if (dilated) set_ints(node, "dilations", {2, 1, 2});
      const int step = dilated ? 2 : 1;
      std::vector<float> expected;
      for (int d = 0; d + step < 4; ++d)
        for (int i = 0; i < 3; ++i)
          for (int j = 0; j + step < 5; ++j) {
            float best = -100;
            float sum = 0;
            float squares = 0;
            float count = 0;
            for (int k = 0; k < 8; ++k) {
              const int depth = d + k / 4 * step;
              const int row = 2 * i + k / 2 % 2 - 1;
              const int column = j + k % 2 * step;
              if (row < 0 || row >= 5 || column >= 4) continue;
              const float v = x[static_cast<std::size_t>((depth * 5 + row) * 4 + column)];
              best = std::max(best, v);
              sum += v;
              squares += v * v;
              ++count;
            }
            expected.push_back(op == "MaxPool" ? best : op == "AveragePool" ? sum / count : std::sqrt(squares));
          }
      expect_near(run(model, {{"x", FloatTensor(Shape{1, 1, 4, 5, 4}, x)}})["y"],
                  Shape{1, 1, dilated ? 2 : 3, 3, dilated ? 3 : 4}, expected);
    }
}

// Sequences of lengths 3 and 1 in one batch are what each gives alone; batch first is time first transposed.
TEST(Transforms, FourierThereAndBack) {
  TestModel model(20);
  model.input("x", {2, 6, 1}).output("f").output("y").ints("axis", {1});
  model.node("DFT", {"x", "", "axis"}, {"f"});
  set_int(model.node("DFT", {"f", "", "axis"}, {"y"}), "inverse", 1);
  const std::vector<float> x = random_list(12, 11);
  TensorMap outputs = run(model, {{"x", FloatTensor(Shape{2, 6, 1}, x)}});
  for (std::size_t b = 0; b < 2; ++b)
    for (std::size_t k = 0; k < 6; ++k) {
      double re = 0;
      double im = 0;
      for (std::size_t n = 0; n < 6; ++n) {
        const double angle = 2 * std::numbers::pi * static_cast<double>(k * n) / 6;
        re += static_cast<double>(x[b * 6 + n]) * std::cos(angle);
        im -= static_cast<double>(x[b * 6 + n]) * std::sin(angle);
      }
      EXPECT_NEAR(outputs["f"][(b * 6 + k) * 2], static_cast<float>(re), 1e-5F);
      EXPECT_NEAR(outputs["f"][(b * 6 + k) * 2 + 1], static_cast<float>(im), 1e-5F);
      EXPECT_NEAR(outputs["y"][(b * 6 + k) * 2], x[b * 6 + k], 1e-5F);
    }
}

// Linear along the first of four axes: halfway between its two slices.
TEST(Resizing, LinearAlongAnyAxis) {
  TestModel model;
  model.input("x", {2, 1, 1, 3}).output("y").ints("sizes", {3, 1, 1, 3});
  onnx::NodeProto& node = model.node("Resize", {"x", "", "", "sizes"}, {"y"});
  set_string(node, "mode", "linear");
  set_string(node, "coordinate_transformation_mode", "align_corners");
  expect_near(run(model, {{"x", FloatTensor(Shape{2, 1, 1, 3}, {0, 2, 4, 2, 6, 0})}})["y"], Shape{3, 1, 1, 3},
              {0, 2, 4, 1, 4, 2, 2, 6, 0});
}

// A window's first maximum, in the order of its cells, and the flat place of it: row by row, or column by column.
TEST(MaxPool, IndicesOfPaddedWindows) {
  for (const int order : {0, 1}) {
    TestModel model;
    model.input("x", {2, 3, 5, 4}).output("y").output("i");
    onnx::NodeProto& node = model.node("MaxPool", {"x"}, {"y", "i"});
    set_ints(node, "kernel_shape", {3, 2});
    set_ints(node, "strides", {2, 1});
    set_ints(node, "dilations", {1, 2});
    set_ints(node, "pads", {1, 1, 1, 1});
    set_int(node, "storage_order", order);
    const std::vector<float> x = random_list(120, 5);  // with equal neighbours
    TensorMap got = run(model, {{"x", FloatTensor(Shape{2, 3, 5, 4}, x)}});
    ASSERT_EQ(got["i"].shape(), (Shape{2, 3, 3, 4}));
    std::size_t at = 0;
    for (int picture = 0; picture < 6; ++picture)
      for (int r = 0; r < 3; ++r)
        for (int c = 0; c < 4; ++c, ++at) {
          float most = -INFINITY;
          int place = -1;
          for (int i = 0; i < 3; ++i)
            for (int j = 0; j < 2; ++j) {
              const int row = 2 * r - 1 + i;
              const int column = c - 1 + 2 * j;
              if (row < 0 || row >= 5 || column < 0 || column >= 4) continue;
              const float value = x[static_cast<std::size_t>((picture * 5 + row) * 4 + column)];
              if (value <= most) continue;
              most = value;
              place = picture * 20 + (order == 0 ? row * 4 + column : column * 5 + row);
            }
          EXPECT_EQ(got["y"][at], most) << at;
          EXPECT_EQ(got["i"][at], static_cast<float>(place)) << at;
        }
  }
}

TEST(ConvTranspose, AComputedWeightIsAsGoodAsAConstant) {
  const std::vector<float> x = random_list(2 * 4 * 15, 6);
  const std::vector<float> w = random_list(4 * 3 * 6, 7);
  FloatTensor results[2];
  for (const bool computed : {false, true}) {
    TestModel model;
    model.input("x", {2, 4, 3, 5}).output("y");
    if (computed)
      model.input("w", {4, 3, 2, 3});
    else
      model.floats("w", {4, 3, 2, 3}, w);
    onnx::NodeProto& node = model.node("ConvTranspose", {"x", "w"}, {"y"});
    set_int(node, "group", 2);
    set_ints(node, "strides", {2, 3});
    set_ints(node, "dilations", {2, 1});
    set_ints(node, "pads", {1, 0, 0, 2});
    set_ints(node, "output_padding", {1, 0});
    TensorMap inputs{{"x", FloatTensor(Shape{2, 4, 3, 5}, x)}};
    if (computed) inputs.emplace("w", FloatTensor(Shape{4, 3, 2, 3}, w));
    results[computed ? 1 : 0] = run(model, inputs)["y"];
  }
  ASSERT_EQ(results[0].shape(), (Shape{2, 6, 7, 13}));
  for (std::size_t i = 0; i < results[0].data().size(); ++i) EXPECT_NEAR(results[0][i], results[1][i], 1e-4F);
  // Channel 1, row 3, column 6 by hand: x's row r meets cell k where 2 r + 2 k - 1 = 3.
  float expected = 0;
  for (int c = 0; c < 2; ++c)
    for (int k = 0; k < 2; ++k)
      for (int l = 0; l < 3; ++l) {
        const int row = 3 + 1 - 2 * k;
        const int column = 6 - l;
        if (row % 2 != 0 || column % 3 != 0 || row / 2 > 2 || column / 3 > 4) continue;
        expected += x[static_cast<std::size_t>((c * 3 + row / 2) * 5 + column / 3)] *
                    w[static_cast<std::size_t>(((c * 3 + 1) * 2 + k) * 3 + l)];
      }
  EXPECT_NEAR(results[0][static_cast<std::size_t>((1 * 7 + 3) * 13 + 6)], expected, 1e-4F);
}

// A grid in the model leaves picks and constant weights, one at run time floors and lookups; both are the same function.
TEST(GridSample, ConstantAndComputedGridsAgree) {
  for (const char* mode : {"nearest", "linear", "cubic"})
    for (const char* padding : {"zeros", "border", "reflection"})
      for (const int align : {0, 1}) {
        const std::vector<float> x = random_list(2 * 3 * 20, 8);
        std::vector<float> grid(2 * 7 * 2);
        std::mt19937 random(9);
        for (float& at : grid) at = std::uniform_real_distribution<float>(-1.6F, 1.6F)(random);
        FloatTensor results[2];
        for (const bool computed : {false, true}) {
          TestModel model;
          model.input("x", {2, 3, 4, 5}).output("y");
          if (computed)
            model.input("g", {2, 1, 7, 2});
          else
            model.floats("g", {2, 1, 7, 2}, grid);
          onnx::NodeProto& node = model.node("GridSample", {"x", "g"}, {"y"});
          set_string(node, "mode", mode);
          set_string(node, "padding_mode", padding);
          set_int(node, "align_corners", align);
          TensorMap inputs{{"x", FloatTensor(Shape{2, 3, 4, 5}, x)}};
          if (computed) inputs.emplace("g", FloatTensor(Shape{2, 1, 7, 2}, grid));
          results[computed ? 1 : 0] = run(model, inputs)["y"];
        }
        ASSERT_EQ(results[0].shape(), (Shape{2, 3, 1, 7}));
        for (std::size_t i = 0; i < 42; ++i)
          EXPECT_NEAR(results[0][i], results[1][i], 1e-4F) << mode << " " << padding << " " << align;
        if (std::string_view(mode) != "linear" || std::string_view(padding) != "zeros" || align == 0) continue;
        for (std::size_t n = 0; n < 2; ++n)
          for (std::size_t p = 0; p < 7; ++p) {
            const float column = (grid[(n * 7 + p) * 2] + 1) * 2;
            const float row = (grid[(n * 7 + p) * 2 + 1] + 1) * 1.5F;
            float expected = 0;
            for (int r = 0; r < 4; ++r)
              for (int c = 0; c < 5; ++c)
                expected += std::max(0.0F, 1 - std::abs(row - static_cast<float>(r))) *
                            std::max(0.0F, 1 - std::abs(column - static_cast<float>(c))) *
                            x[n * 60 + static_cast<std::size_t>(r * 5 + c)];
            EXPECT_NEAR(results[1][n * 21 + p], expected, 1e-4F);
          }
      }
}

// Weights of the point as it is, through points that are moved inside one by one: PyTorch's and onnxruntime's.
TEST(GridSample, CubicCurvesGoOnBeyondTheBorder) {
  const auto cubic = [](float at) {
    constexpr float a = -0.75F;
    const float t = std::abs(at);
    return t <= 1 ? ((a + 2) * t - (a + 3)) * t * t + 1 : t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0;
  };
  for (const int align : {0, 1}) {
    const std::vector<float> x = random_list(20, 12);
    std::vector<float> grid(24);
    std::mt19937 random(13);
    for (float& at : grid) at = std::uniform_real_distribution<float>(-1.7F, 1.7F)(random);
    TestModel model;
    model.input("x", {1, 1, 4, 5}).input("g", {1, 1, 12, 2}).output("y");
    onnx::NodeProto& node = model.node("GridSample", {"x", "g"}, {"y"});
    set_string(node, "mode", "cubic");
    set_string(node, "padding_mode", "border");
    set_int(node, "align_corners", align);
    std::vector<float> expected;
    for (std::size_t p = 0; p < 12; ++p) {
      const auto place = [&](float at, float length) {
        return align != 0 ? (at + 1) * (length - 1) / 2 : ((at + 1) * length - 1) / 2;
      };
      const float column = place(grid[2 * p], 5);
      const float row = place(grid[2 * p + 1], 4);
      float sum = 0;
      for (int i = -1; i <= 2; ++i)
        for (int j = -1; j <= 2; ++j) {
          const float r = std::floor(row) + static_cast<float>(i);
          const float c = std::floor(column) + static_cast<float>(j);
          const auto from = std::clamp(r, 0.0F, 3.0F) * 5 + std::clamp(c, 0.0F, 4.0F);
          sum += x[static_cast<std::size_t>(from)] * cubic(row - r) * cubic(column - c);
        }
      expected.push_back(sum);
    }
    const TensorMap inputs{{"x", FloatTensor(Shape{1, 1, 4, 5}, x)}, {"g", FloatTensor(Shape{1, 1, 12, 2}, grid)}};
    expect_near(run(model, inputs)["y"], Shape{1, 1, 1, 12}, expected);
  }
}

TEST(TensorScatter, LongUpdatesAreLookups) {
  TestModel model;
  model.input("x", {2, 8, 3}).input("u", {2, 5, 3}).ints("w", {6, 1}).output("y");
  onnx::NodeProto& node = model.node("TensorScatter", {"x", "u", "w"}, {"y"});
  set_string(node, "mode", "circular");
  const std::vector<float> x = random_list(48, 10);
  const std::vector<float> u = random_list(30, 11);
  std::vector<float> expected = x;
  for (std::size_t n = 0; n < 2; ++n)
    for (std::size_t i = 0; i < 5; ++i)
      for (std::size_t j = 0; j < 3; ++j)
        expected[(n * 8 + (i + (n == 0 ? 6 : 1)) % 8) * 3 + j] = u[(n * 5 + i) * 3 + j];
  expect_near(run(model, {{"x", FloatTensor(Shape{2, 8, 3}, x)}, {"u", FloatTensor(Shape{2, 5, 3}, u)}})["y"],
              Shape{2, 8, 3}, expected);
}

}  // namespace
}  // namespace zkinfer::frontend_onnx
