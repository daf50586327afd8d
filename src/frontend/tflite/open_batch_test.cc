// SPDX-License-Identifier: Apache-2.0
// Files whose batch is open: lengths that the converter could not know are 1 in them.
#include <gtest/gtest.h>

#include "frontend/tflite/test_run.h"

namespace zkinfer::frontend_tflite {
namespace {

// A converter stores 1 for every open batch, behind SPACE_TO_BATCH_ND too.
TEST(TfliteOpenBatch, ADilatedConvolutionOfAnOpenBatch) {
  for (const bool int8 : {false, true}) {
    TestFile file;
    const auto image = [&](const char* name, std::vector<std::int32_t> dims) {
      return int8 ? file.tensor(name, std::move(dims), Type::kInt8, {{1, 0}}) : file.tensor(name, std::move(dims));
    };
    const int x = image("x", {-1, 1, 5, 1});
    const int block = file.ints("block", {1, 2});
    const int borders = file.constant<std::int32_t>("borders", {2, 2}, Type::kInt32, {0, 0, 2, 3});
    const int parts = image("parts", {-1, 1, 5, 1});
    file.op("SPACE_TO_BATCH_ND", {x, block, borders}, {parts});
    const int w = int8 ? file.constant<std::int8_t>("w", {1, 1, 3, 1}, Type::kInt8, {1, 2, 4}, {{1, 0}})
                       : file.floats("w", {1, 1, 3, 1}, {1, 2, 4});
    const int c = image("c", {-1, 1, 3, 1});
    file.op("CONV_2D", {parts, w}, {c}, {{0, kValid}, {1, integer(1)}, {2, integer(1)}});
    const int cut = file.constant<std::int32_t>("cut", {2, 2}, Type::kInt32, {0, 0, 0, 1});
    const int y = image("y", {-1, 1, 5, 1});
    file.op("BATCH_TO_SPACE_ND", {c, block, cut}, {y});
    file.ends({x}, {y});
    Shape shape;
    // y[i] = x[i - 2] + 2 x[i] + 4 x[i + 2].
    expect_near(run(file, FloatTensor(Shape{1, 1, 5, 1}, {1, 2, 3, 4, 5}), &shape), {14, 20, 27, 10, 13});
    EXPECT_EQ(shape, (Shape{1, 1, 5, 1}));
  }
}

TEST(TfliteOpenBatch, ABatchThatIsFixedMustFitItsBlocks) {
  TestFile file;
  const int x = file.tensor("x", {3, 2, 1});
  const int block = file.ints("block", {2});
  const int cut = file.constant<std::int32_t>("cut", {1, 2}, Type::kInt32, {0, 0});
  const int y = file.tensor("y", {1, 4, 1});
  file.op("BATCH_TO_SPACE_ND", {x, block, cut}, {y});
  file.ends({x}, {y});
  const Result<ir::Graph> read = import_tflite(file.bytes());
  ASSERT_FALSE(read.ok());
  EXPECT_TRUE(contains(read.status().message(), "blocks that do not fit the batch")) << read.status().to_string();
}

// The converter joins the batch, which is computed, and the lengths behind it.
TEST(TfliteOpenBatch, ATransposedConvolutionOfAnOpenBatch) {
  for (const bool open_width : {false, true}) {
    TestFile file;
    const int x = file.tensor("x", {-1, 1, 2, 1});
    const int lengths = file.tensor("lengths", {4}, Type::kInt32);
    file.op("SHAPE", {x}, {lengths});
    const int begin = file.ints("begin", {0});
    const int one = file.ints("one", {1});
    const int batch = file.tensor("batch", {}, Type::kInt32);
    file.op("STRIDED_SLICE", {lengths, begin, one, one}, {batch}, {{4, integer(1)}});
    const auto scalar = [&](const char* name, std::int32_t number) {
      return file.constant<std::int32_t>(name, {}, Type::kInt32, {number});
    };
    const int size = file.tensor("size", {4}, Type::kInt32);
    file.op("PACK", {batch, scalar("height", 1), scalar("width", 4), scalar("depth", 1)}, {size}, {{0, integer(4)}});
    const int w = file.floats("w", {1, 1, 3, 1}, {1, 10, 100});
    const int y = file.tensor("y", {-1, 1, open_width ? -1 : 4, 1});
    file.op("TRANSPOSE_CONV", {size, w, x}, {y}, {{0, kSame}, {1, integer(2)}, {2, integer(1)}});
    file.ends({x}, {y});
    if (open_width) {
      const Result<ir::Graph> read = import_tflite(file.bytes());
      ASSERT_FALSE(read.ok());
      EXPECT_TRUE(contains(read.status().message(), "an image of open size")) << read.status().to_string();
      continue;
    }
    expect_near(run(file, FloatTensor(Shape{1, 1, 2, 1}, {1, 2})), {1, 10, 102, 20});
  }
}

// Two pictures in one inference, behind SPACE_TO_BATCH_ND, where the file says one.
TEST(TfliteOpenBatch, ImagesAreResizedInAnyNumber) {
  TestFile file;
  const int x = file.tensor("x", {-1, 1, 4, 1});
  const int block = file.ints("block", {1, 2});
  const int none = file.constant<std::int32_t>("none", {2, 2}, Type::kInt32, {0, 0, 0, 0});
  const int parts = file.tensor("parts", {-1, 1, 2, 1});
  file.op("SPACE_TO_BATCH_ND", {x, block, none}, {parts});
  const int size = file.ints("size", {1, 4});
  const int wide = file.tensor("wide", {-1, 1, 4, 1});
  file.op("RESIZE_NEAREST_NEIGHBOR", {parts, size}, {wide});
  const int y = file.tensor("y", {-1, 1, 8, 1});
  file.op("BATCH_TO_SPACE_ND", {wide, block, none}, {y});
  file.ends({x}, {y});
  expect_near(run(file, FloatTensor(Shape{1, 1, 4, 1}, {1, 2, 3, 4})), {1, 2, 1, 2, 3, 4, 3, 4});
}

TEST(TfliteOpenBatch, PartsOfAnOpenLengthAreRefusedAsThat) {
  TestFile file;
  const int x = file.tensor("x", {-1, 2});
  const int axis = file.constant<std::int32_t>("axis", {}, Type::kInt32, {0});
  const int a = file.tensor("a", {-1, 2});
  const int b = file.tensor("b", {-1, 2});
  file.op("SPLIT", {axis, x}, {a, b}, {{0, integer(2)}});
  file.ends({x}, {b});
  const Result<ir::Graph> read = import_tflite(file.bytes());
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.status().code(), StatusCode::kUnsupported);
  EXPECT_TRUE(contains(read.status().message(), "axis 0 of 'x' has an open length")) << read.status().to_string();
}

}  // namespace
}  // namespace zkinfer::frontend_tflite
