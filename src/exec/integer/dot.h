// SPDX-License-Identifier: Apache-2.0
// out[r * row_stride + c * col_stride] = sum_k left[r, k] * right[c, k]: both operands row-major with k contiguous.
// The element type says how wide the operands are: int16 products are summed in 32 bits over runs that cannot overflow,
// int32 and int64 products in 64 bits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace zkinfer::exec_integer {

enum class Width : std::uint8_t { k16, k32, k64 };

// The narrowest width that holds both ranges and makes the 16-bit runs at least 64 products long.
Width dot_width(std::int64_t left_lo, std::int64_t left_hi, std::int64_t right_lo, std::int64_t right_hi);

template <class T>
struct DotJob {
  const T* left = nullptr;   // [num_rows, depth]
  const T* right = nullptr;  // [num_cols, depth]
  std::size_t num_rows = 0;
  std::size_t num_cols = 0;
  std::size_t depth = 0;
  std::size_t max_run = 0;  // products whose sum fits in 32 bits; int16 only
  std::int64_t* out = nullptr;
  std::size_t row_stride = 0;
  std::size_t col_stride = 0;
};

// A wide left operand against a 16-bit right one as two products of 16 bits: x = 2^low_bits high + low, low in [-2^(low_bits - 1), 2^(low_bits - 1)).
// 0: they do not fit, or 32 bits are no more work.
int split_bits(std::int64_t left_lo, std::int64_t left_hi, std::int64_t right_lo, std::int64_t right_hi);

// Products of the two ranges that fit in 31 bits together.
std::size_t max_run_of(std::int64_t left_lo, std::int64_t left_hi, std::int64_t right_lo, std::int64_t right_hi);

template <class T>
void dot_all(const DotJob<T>& job);

extern template void dot_all<std::int16_t>(const DotJob<std::int16_t>&);
extern template void dot_all<std::int32_t>(const DotJob<std::int32_t>&);
extern template void dot_all<std::int64_t>(const DotJob<std::int64_t>&);

}  // namespace zkinfer::exec_integer
