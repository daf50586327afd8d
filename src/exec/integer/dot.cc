// SPDX-License-Identifier: Apache-2.0
#include "exec/integer/dot.h"

#include <algorithm>
#include <bit>

#include "base/parallel.h"

namespace zkinfer::exec_integer {

namespace {

constexpr std::size_t kShortestRun = 64;
constexpr std::size_t kRowTile = 32;
constexpr std::size_t kColTile = 64;

bool fits(std::int64_t lo, std::int64_t hi, std::int64_t bound) { return lo >= -bound && hi <= bound; }

std::int64_t magnitude(std::int64_t lo, std::int64_t hi) { return std::max(hi, -lo); }

template <class T>
struct Accumulator {
  using type = std::int64_t;
};
template <>
struct Accumulator<std::int16_t> {
  using type = std::int32_t;
};

// Four rows of `left` against one row of `right`; the compiler turns the loop into multiply-add instructions.
template <class T>
[[gnu::always_inline]] inline void dot_four(const T* a0, const T* a1, const T* a2, const T* a3, const T* b,
                                            std::size_t length, std::int64_t sums[4]) {
  using Acc = typename Accumulator<T>::type;
  Acc s0 = 0;
  Acc s1 = 0;
  Acc s2 = 0;
  Acc s3 = 0;
  for (std::size_t k = 0; k < length; ++k) {
    s0 += static_cast<Acc>(a0[k]) * static_cast<Acc>(b[k]);
    s1 += static_cast<Acc>(a1[k]) * static_cast<Acc>(b[k]);
    s2 += static_cast<Acc>(a2[k]) * static_cast<Acc>(b[k]);
    s3 += static_cast<Acc>(a3[k]) * static_cast<Acc>(b[k]);
  }
  sums[0] += s0;
  sums[1] += s1;
  sums[2] += s2;
  sums[3] += s3;
}

template <class T>
std::int64_t dot_one(const T* a, const T* b, std::size_t length) {
  using Acc = typename Accumulator<T>::type;
  Acc sum = 0;
  for (std::size_t k = 0; k < length; ++k) sum += static_cast<Acc>(a[k]) * static_cast<Acc>(b[k]);
  return sum;
}

// The same loop for the instructions that the processor has: sums of integers are exact, so it is a matter of speed only.
template <class T>
using DotFour = void (*)(const T* a0, const T* a1, const T* a2, const T* a3, const T* b, std::size_t length,
                         std::int64_t sums[4]);

template <class T>
void dot_four_plain(const T* a0, const T* a1, const T* a2, const T* a3, const T* b, std::size_t length,
                    std::int64_t sums[4]) {
  dot_four(a0, a1, a2, a3, b, length, sums);
}

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
template <class T>
[[gnu::target("avx2")]] void dot_four_256(const T* a0, const T* a1, const T* a2, const T* a3, const T* b,
                                          std::size_t length, std::int64_t sums[4]) {
  dot_four(a0, a1, a2, a3, b, length, sums);
}

template <class T>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512")]] void dot_four_512(
    const T* a0, const T* a1, const T* a2, const T* a3, const T* b, std::size_t length, std::int64_t sums[4]) {
  dot_four(a0, a1, a2, a3, b, length, sums);
}

template <class T>
DotFour<T> best_dot_four() {
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return dot_four_512<T>;
  return __builtin_cpu_supports("avx2") ? dot_four_256<T> : dot_four_plain<T>;
}
#else
template <class T>
DotFour<T> best_dot_four() {
  return dot_four_plain<T>;
}
#endif

template <class T>
void dot_tile(const DotJob<T>& job, DotFour<T> four, std::size_t row_begin, std::size_t row_end, std::size_t col_begin,
              std::size_t col_end) {
  const std::size_t run = job.max_run == 0 ? job.depth : job.max_run;
  std::size_t row = row_begin;
  for (; row + 4 <= row_end; row += 4) {
    const T* a = job.left + row * job.depth;
    for (std::size_t col = col_begin; col < col_end; ++col) {
      const T* b = job.right + col * job.depth;
      std::int64_t sums[4] = {0, 0, 0, 0};
      for (std::size_t k = 0; k < job.depth; k += run) {
        four(a + k, a + job.depth + k, a + 2 * job.depth + k, a + 3 * job.depth + k, b + k,
             std::min(run, job.depth - k), sums);
      }
      for (std::size_t i = 0; i < 4; ++i) job.out[(row + i) * job.row_stride + col * job.col_stride] = sums[i];
    }
  }
  for (; row < row_end; ++row) {
    for (std::size_t col = col_begin; col < col_end; ++col) {
      std::int64_t sum = 0;
      for (std::size_t k = 0; k < job.depth; k += run) {
        sum += dot_one(job.left + row * job.depth + k, job.right + col * job.depth + k, std::min(run, job.depth - k));
      }
      job.out[row * job.row_stride + col * job.col_stride] = sum;
    }
  }
}

}  // namespace

std::size_t max_run_of(std::int64_t left_lo, std::int64_t left_hi, std::int64_t right_lo, std::int64_t right_hi) {
  const std::int64_t product = magnitude(left_lo, left_hi) * magnitude(right_lo, right_hi);
  return product <= 0 ? SIZE_MAX / 2 : static_cast<std::size_t>(INT32_MAX / product);
}

Width dot_width(std::int64_t left_lo, std::int64_t left_hi, std::int64_t right_lo, std::int64_t right_hi) {
  if (fits(left_lo, left_hi, INT16_MAX) && fits(right_lo, right_hi, INT16_MAX) &&
      max_run_of(left_lo, left_hi, right_lo, right_hi) >= kShortestRun) {
    return Width::k16;
  }
  return fits(left_lo, left_hi, INT32_MAX) && fits(right_lo, right_hi, INT32_MAX) ? Width::k32 : Width::k64;
}

int split_bits(std::int64_t left_lo, std::int64_t left_hi, std::int64_t right_lo, std::int64_t right_hi) {
  if (dot_width(left_lo, left_hi, right_lo, right_hi) != Width::k32 || !fits(right_lo, right_hi, INT16_MAX)) return 0;
  const int bits = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(magnitude(left_lo, left_hi)))) + 1;
  const int low_bits = (bits + 1) / 2;
  const std::int64_t low = std::int64_t{1} << (low_bits - 1), high = (magnitude(left_lo, left_hi) >> low_bits) + 1;
  const bool both = fits(-high, high, INT16_MAX) && max_run_of(-low, low, right_lo, right_hi) >= kShortestRun &&
                    max_run_of(-high, high, right_lo, right_hi) >= kShortestRun;
  return both ? low_bits : 0;
}

template <class T>
void dot_all(const DotJob<T>& job) {
  const std::size_t num_row_tiles = num_chunks(job.num_rows, kRowTile);
  const std::size_t num_col_tiles = num_chunks(job.num_cols, kColTile);
  static const DotFour<T> four = best_dot_four<T>();
  parallel_for(num_row_tiles * num_col_tiles, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t tile = begin; tile < end; ++tile) {
      const std::size_t row = tile / num_col_tiles * kRowTile;
      const std::size_t col = tile % num_col_tiles * kColTile;
      dot_tile(job, four, row, std::min(row + kRowTile, job.num_rows), col, std::min(col + kColTile, job.num_cols));
    }
  });
}

template void dot_all<std::int16_t>(const DotJob<std::int16_t>&);
template void dot_all<std::int32_t>(const DotJob<std::int32_t>&);
template void dot_all<std::int64_t>(const DotJob<std::int64_t>&);

}  // namespace zkinfer::exec_integer
