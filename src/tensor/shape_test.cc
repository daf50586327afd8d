// SPDX-License-Identifier: Apache-2.0
#include "tensor/shape.h"

#include <gtest/gtest.h>

#include "tensor/odometer.h"
#include "tensor/tensor.h"

namespace zkinfer {
namespace {

TEST(Shape, CountsAndStrides) {
  const Shape shape{2, 3, 4};
  EXPECT_EQ(shape.num_elements(), 24);
  EXPECT_EQ(row_major_strides(shape), (Dims{12, 4, 1}));
  EXPECT_EQ(shape.num_elements(1, 3), 12);
  EXPECT_EQ(shape.to_string(), "[2, 3, 4]");
  EXPECT_EQ(Shape{}.num_elements(), 1);
  EXPECT_EQ((Shape{0, 5}.num_elements()), 0);
}

TEST(Shape, RefusesUntrustedDimensions) {
  EXPECT_EQ(Shape::make({-1}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Shape::make({1 << 20, 1 << 20}).status().code(), StatusCode::kResourceLimit);
  EXPECT_EQ(Shape::make({INT64_MAX, INT64_MAX}).status().code(), StatusCode::kResourceLimit);
  EXPECT_EQ(Shape::make({0, INT64_MAX, INT64_MAX}).status().code(), StatusCode::kResourceLimit);
  EXPECT_EQ(Shape::make(Dims(17, 1)).status().code(), StatusCode::kResourceLimit);
  EXPECT_TRUE(Shape::make({kMaxElements}).ok());
}

TEST(Shape, Broadcasts) {
  EXPECT_EQ(broadcast_shapes({2, 1, 4}, {3, 1}).value(), (Shape{2, 3, 4}));
  EXPECT_EQ(broadcast_shapes({}, {3}).value(), (Shape{3}));
  EXPECT_FALSE(broadcast_shapes({2}, {3}).ok());
  EXPECT_EQ(broadcast_strides({3, 1}, {2, 3, 4}), (Dims{0, 1, 0}));
}

TEST(Odometer, ReadsATranspose) {
  const DenseTensor<int> matrix(Shape{2, 3}, {0, 1, 2, 3, 4, 5});
  Odometer odometer(Shape{3, 2}, {Dims{1, 3}});
  std::vector<int> read;
  for (int i = 0; i < 6; ++i, odometer.next()) read.push_back(matrix[static_cast<std::size_t>(odometer.offset(0))]);
  EXPECT_EQ(read, (std::vector<int>{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(odometer.offset(0), 0) << "wraps to the first position";
}

}  // namespace
}  // namespace zkinfer
