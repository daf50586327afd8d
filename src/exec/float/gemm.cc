// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "exec/float/kernels.h"

namespace zkinfer::exec_float {

namespace {

constexpr std::size_t kTileRows = 4;
constexpr std::size_t kTileColumns = 8;
constexpr std::size_t kPanelDepth = 512;  // a packed panel of b stays in the first-level cache

// c[rows of the tile, 8 columns] += a[rows, depth] * panel[depth, 8]; the accumulators stay in registers.
template <std::size_t rows>
void tile(const float* a, std::size_t a_stride, const float* panel, std::size_t depth, float* c, std::size_t c_stride,
          std::size_t columns) {
  std::array<std::array<float, kTileColumns>, rows> sums{};
  for (std::size_t p = 0; p < depth; ++p)
    for (std::size_t i = 0; i < rows; ++i) {
      const float factor = a[i * a_stride + p];
      for (std::size_t j = 0; j < kTileColumns; ++j) sums[i][j] += factor * panel[p * kTileColumns + j];
    }
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < columns; ++j) c[i * c_stride + j] += sums[i][j];
}

// Too few rows to pay for packing.
void few_rows(const float* a, const float* b, float* c, std::size_t m, std::size_t n, std::size_t k) {
  for (std::size_t i = 0; i < m; ++i)
    for (std::size_t p = 0; p < k; ++p) {
      const float factor = a[i * k + p];
      const float* row = b + p * n;
      float* sums = c + i * n;
      for (std::size_t j = 0; j < n; ++j) sums[j] += factor * row[j];
    }
}

}  // namespace

void gemm_accumulate(const float* a, const float* b, float* c, std::size_t m, std::size_t n, std::size_t k) {
  if (m < kTileRows) return few_rows(a, b, c, m, n, k);
  std::array<float, kPanelDepth * kTileColumns> panel;
  for (std::size_t depth_begin = 0; depth_begin < k; depth_begin += kPanelDepth) {
    const std::size_t depth = std::min(kPanelDepth, k - depth_begin);
    for (std::size_t column = 0; column < n; column += kTileColumns) {
      const std::size_t columns = std::min(kTileColumns, n - column);
      for (std::size_t p = 0; p < depth; ++p)
        for (std::size_t j = 0; j < kTileColumns; ++j)
          panel[p * kTileColumns + j] = j < columns ? b[(depth_begin + p) * n + column + j] : 0.0F;
      std::size_t row = 0;
      for (; row + kTileRows <= m; row += kTileRows)
        tile<kTileRows>(a + row * k + depth_begin, k, panel.data(), depth, c + row * n + column, n, columns);
      for (; row < m; ++row)
        tile<1>(a + row * k + depth_begin, k, panel.data(), depth, c + row * n + column, n, columns);
    }
  }
}

}  // namespace zkinfer::exec_float
