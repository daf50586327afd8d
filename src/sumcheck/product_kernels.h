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

}  // namespace zkinfer::sumcheck
