// SPDX-License-Identifier: Apache-2.0
#include "sumcheck/product_kernels.h"

#include "base/check.h"

namespace zkinfer::sumcheck {
namespace {

// low, high: the values v(0), v(1) of each table in one row.
void add_row(std::span<const Fe> low, std::span<const Fe> high, bool want_at_one, ProductSums& sums) {
  Fe at_zero = low[0], at_one = high[0], top = high[0] - low[0], at_minus_one = low[0] - top;
  for (std::size_t f = 1; f < low.size(); ++f) {
    const Fe slope = high[f] - low[f];
    at_zero *= low[f];
    top *= slope;
    if (want_at_one) at_one *= high[f];
    if (low.size() == 3) at_minus_one *= low[f] - slope;
  }
  sums.at_zero += at_zero;
  sums.top += top;
  if (want_at_one) sums.at_one += at_one;
  if (low.size() == 3) sums.at_minus_one += at_minus_one;
}

}  // namespace

ProductSums& ProductSums::operator+=(const ProductSums& other) {
  at_zero += other.at_zero;
  at_one += other.at_one;
  at_minus_one += other.at_minus_one;
  top += other.top;
  return *this;
}

ProductSums product_sums(std::span<const FeCSpan> tables, std::size_t begin, std::size_t end, bool want_at_one) {
  const std::size_t half = tables[0].size / 2, num_factors = tables.size();
  ProductSums sums;
  std::array<Fe, 3> low, high;
  for (std::size_t i = begin; i < end; ++i) {
    for (std::size_t f = 0; f < num_factors; ++f) {
      low[f] = tables[f].get(i);
      high[f] = tables[f].get(i + half);
    }
    add_row({low.data(), num_factors}, {high.data(), num_factors}, want_at_one, sums);
  }
  return sums;
}

ProductSums fold_and_sum(std::span<const FeSpan> tables, const Fe& r, std::size_t begin, std::size_t end) {
  const std::size_t half = tables[0].size / 4, num_factors = tables.size();
  ProductSums sums;
  std::array<Fe, 3> low, high;
  for (std::size_t i = begin; i < end; ++i) {
    for (std::size_t f = 0; f < num_factors; ++f) {
      const FeSpan& t = tables[f];
      low[f] = t.get(i) + r * (t.get(i + 2 * half) - t.get(i));
      high[f] = t.get(i + half) + r * (t.get(i + 3 * half) - t.get(i + half));
      t.set(i, low[f]);
      t.set(i + half, high[f]);
    }
    add_row({low.data(), num_factors}, {high.data(), num_factors}, false, sums);
  }
  return sums;
}

}  // namespace zkinfer::sumcheck
