// SPDX-License-Identifier: Apache-2.0
// One sumcheck round of a product of one to three tables: folds by the previous challenge and sums in the same pass.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "field/vec.h"

namespace zkinfer::sumcheck {

// With v(X) = v[i] + X (v[i + half] - v[i]) for each table v, summed over i:
struct ProductSums {
  Fe at_zero;       // prod v(0)
  Fe at_one;        // prod v(1)
  Fe at_minus_one;  // prod v(-1), three factors only
  Fe top;           // the product of the slopes, two or three factors only

  ProductSums& operator+=(const ProductSums& other);
};

// Sums over i in [begin, end); half = table size / 2. at_one only when asked for.
ProductSums product_sums(std::span<const FeCSpan> tables, std::size_t begin, std::size_t end, bool want_at_one);

// The tables have 4 * half rows; folds rows i and half + i, i in [begin, end), by r (high variable first, in place; the
// folded table is the first 2 * half rows) and sums over the folded rows like product_sums, without at_one.
ProductSums fold_and_sum(std::span<const FeSpan> tables, const Fe& r, std::size_t begin, std::size_t end);

// A table over K whose planes 1 and 2 may be absent (null): then all values lie in F.
struct FactorView {
  FeCSpan values;
  bool in_base_field = false;

  FactorView(FeCSpan v) : values(v) {}                                                          // NOLINT: both kinds
  FactorView(FpCSpan v) : values(v.data(), nullptr, nullptr, v.size()), in_base_field(true) {}  // NOLINT: are passed
};

inline constexpr std::size_t kMaxWeightedRows = 256;

// sum over j of weights[j] prod v(X) for rows i = begin + j of one or two tables, both in F or both in K; at most
// kMaxWeightedRows. No at_minus_one; at_one only when asked for.
ProductSums weighted_sums(std::span<const FactorView> tables, FeCSpan weights, std::size_t begin, bool want_at_one);

// out[i] = v[i] + r (v[i + out.size] - v[i]) for i in [begin, end); v has 2 out.size rows. out may be the first half of v.
void fold_rows(const FactorView& v, const Fe& r, std::size_t begin, std::size_t end, FeSpan out);

}  // namespace zkinfer::sumcheck
