// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/tensor.h"

#include <gtest/gtest.h>

#include <limits>

namespace zkinfer {
namespace {

TEST(Tensor, OwnsWhatItIsGiven) {
  const std::vector<std::int16_t> values = {1, -2, 3, -4, 5, 6};
  const Tensor tensor({2, 3}, values);
  EXPECT_EQ(tensor.dtype(), Dtype::kInt16);
  EXPECT_EQ(tensor.num_elements(), 6U);
  EXPECT_EQ(tensor.values<std::int16_t>()[3], -4);
  const TensorView view = tensor;
  EXPECT_EQ(view.at<std::int16_t>(5), 6);
  EXPECT_TRUE(check_view(view).ok());
}

TEST(Tensor, ViewsNeedNoAlignment) {
  std::vector<std::uint8_t> bytes(1 + 2 * sizeof(std::int64_t));
  const std::int64_t values[2] = {std::numeric_limits<std::int64_t>::min(), 7};
  std::memcpy(bytes.data() + 1, values, sizeof(values));
  const std::int64_t shape[1] = {2};
  const TensorView view{Dtype::kInt64, shape, bytes.data() + 1};
  EXPECT_EQ(view.at<std::int64_t>(0), values[0]);
  EXPECT_EQ(view.at<std::int64_t>(1), 7);
}

TEST(Tensor, BadViewsAreRefused) {
  const float x = 1;
  const std::int64_t negative[1] = {-1};
  const std::int64_t huge[3] = {1 << 20, 1 << 20, 1 << 20};
  const std::int64_t one[1] = {1};
  EXPECT_FALSE(check_view({Dtype::kFloat32, negative, &x}).ok());
  EXPECT_FALSE(check_view({Dtype::kFloat32, huge, &x}).ok());
  EXPECT_FALSE(check_view({Dtype::kFloat32, one, nullptr}).ok());
  EXPECT_FALSE(check_view({static_cast<Dtype>(9), one, &x}).ok());
  EXPECT_TRUE(check_view({Dtype::kFloat32, one, &x}).ok());
}

TEST(Tensor, EveryDtypeHasItsSizeAndName) {
  for (int i = 0; i <= static_cast<int>(Dtype::kInt64); ++i) {
    const auto dtype = static_cast<Dtype>(i);
    with_dtype(dtype, [&](auto zero) {
      EXPECT_EQ(dtype_of<decltype(zero)>(), dtype);
      EXPECT_EQ(dtype_size(dtype), sizeof(zero));
    });
    EXPECT_NE(dtype_name(dtype), "unknown");
  }
}

}  // namespace
}  // namespace zkinfer
