// SPDX-License-Identifier: Apache-2.0
#include "sumcheck/product_kernels.h"

#include "base/check.h"
#include "field/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sumcheck/product_kernels.cc"
#include "hwy/foreach_target.h"
// Highway asks for its header after the loop header.
#include "field/simd_dispatch.h"
#include "field/simd_ext-inl.h"

HWY_BEFORE_NAMESPACE();
namespace zkinfer {
namespace HWY_NAMESPACE {
namespace {

using sumcheck::ProductSums;

// Rows of one pass: they are read once for each of the sums, from the second-level cache.
constexpr std::size_t kBlockRows = HWY_MIN(256, FeSum::kMaxTerms* kLanes);

// The value of v(X) = low + X (high - low) at one place.
struct AtZero {
  static HWY_INLINE FeV of(const FeV& low, const FeV&) { return low; }
};
struct AtOne {
  static HWY_INLINE FeV of(const FeV&, const FeV& high) { return high; }
};
struct AtMinusOne {
  static HWY_INLINE FeV of(const FeV& low, const FeV& high) { return sub(add(low, low), high); }
};
struct Slope {
  static HWY_INLINE FeV of(const FeV& low, const FeV& high) { return sub(high, low); }
};

// sum over rows [begin, begin + num_rows) of the product of the tables' values at Place. num_rows <= kBlockRows.
template <class Place, std::size_t kFactors>
Fe SumProducts(const FeCSpan* tables, std::size_t half, std::size_t begin, std::size_t num_rows) {
  FeSum sum;
  FeV total = set_fe(Fe());
  for_vectors(num_rows, [&](std::size_t j, auto io) HWY_ATTR {
    const auto value = [&](std::size_t f) HWY_ATTR {
      return Place::of(load_fe(io, tables[f], begin + j), load_fe(io, tables[f], begin + j + half));
    };
    if constexpr (kFactors == 1) {
      total = add(total, value(0));
    } else if constexpr (kFactors == 2) {
      sum.add_product(factor(value(0)), factor(value(1)));
    } else {
      sum.add_product(factor(mul(value(0), value(1))), factor(value(2)));
    }
  });
  if constexpr (kFactors > 1) total = sum.value();
  return sum_lanes(total);
}

template <std::size_t kFactors>
void AddSums(const FeCSpan* tables, std::size_t half, std::size_t begin, std::size_t num_rows, bool want_at_one,
             ProductSums& sums) {
  sums.at_zero += SumProducts<AtZero, kFactors>(tables, half, begin, num_rows);
  if (want_at_one) sums.at_one += SumProducts<AtOne, kFactors>(tables, half, begin, num_rows);
  if (kFactors == 3) sums.at_minus_one += SumProducts<AtMinusOne, kFactors>(tables, half, begin, num_rows);
  if (kFactors > 1) sums.top += SumProducts<Slope, kFactors>(tables, half, begin, num_rows);
}

void AddSumsOf(const FeCSpan* tables, std::size_t num_factors, std::size_t half, std::size_t begin,
               std::size_t num_rows, bool want_at_one, ProductSums& sums) {
  switch (num_factors) {
    case 1: return AddSums<1>(tables, half, begin, num_rows, want_at_one, sums);
    case 2: return AddSums<2>(tables, half, begin, num_rows, want_at_one, sums);
    default: return AddSums<3>(tables, half, begin, num_rows, want_at_one, sums);
  }
}

void Sums(const FeCSpan* tables, std::size_t num_factors, std::size_t begin, std::size_t end, bool want_at_one,
          ProductSums& sums) {
  for (std::size_t i = begin; i < end; i += kBlockRows)
    AddSumsOf(tables, num_factors, tables[0].size / 2, i, HWY_MIN(kBlockRows, end - i), want_at_one, sums);
}

// t[i] += r (t[i + distance] - t[i]) for i in [begin, begin + num_rows).
void Fold(const FeSpan& t, std::size_t distance, const FeV& r, std::size_t begin, std::size_t num_rows) {
  for_vectors(num_rows, [&](std::size_t j, auto io) HWY_ATTR {
    const FeV low = load_fe(io, t, begin + j);
    store_fe(io, add(low, mul(r, sub(load_fe(io, t, begin + j + distance), low))), t, begin + j);
  });
}

void FoldAndSum(const FeSpan* tables, std::size_t num_factors, const Fe& r, std::size_t begin, std::size_t end,
                ProductSums& sums) {
  const std::size_t half = tables[0].size / 4;
  const FeV vr = set_fe(r);
  FeCSpan folded[3];
  for (std::size_t f = 0; f < num_factors; ++f) folded[f] = tables[f].subspan(0, 2 * half);
  for (std::size_t i = begin; i < end; i += kBlockRows) {
    const std::size_t num_rows = HWY_MIN(kBlockRows, end - i);
    for (std::size_t f = 0; f < num_factors; ++f) {
      Fold(tables[f], 2 * half, vr, i, num_rows);
      Fold(tables[f], 2 * half, vr, i + half, num_rows);
    }
    AddSumsOf(folded, num_factors, half, i, num_rows, false, sums);
  }
}

// Tables in K, or with planes 1 and 2 absent in F.
struct InK {
  template <class Io>
  static HWY_INLINE FeV load(Io io, const FeCSpan& v, std::size_t i) {
    return load_fe(io, v, i);
  }
  static HWY_INLINE FeFactor as_factor(const FeV& x) { return factor(x); }
};
struct InF {
  template <class Io>
  static HWY_INLINE V load(Io io, const FeCSpan& v, std::size_t i) {
    return io.load(v.c[0] + i);
  }
  static HWY_INLINE Factor as_factor(V x) { return factor(x); }
};
HWY_INLINE FeV slope(const FeV& low, const FeV& high) { return sub(high, low); }
HWY_INLINE V slope(V low, V high) { return sub(high, low); }

enum class Place { kZero, kOne, kTop };

template <class Field, Place kPlace, std::size_t kFactors>
Fe WeightedSum(const FeCSpan* tables, const FeCSpan& weights, std::size_t begin) {
  FeSum sum;
  const std::size_t half = tables[0].size / 2;
  for_vectors(weights.size, [&](std::size_t j, auto io) HWY_ATTR {
    const auto value = [&](std::size_t f) HWY_ATTR {
      const std::size_t i = begin + j;
      if constexpr (kPlace == Place::kZero)
        return Field::load(io, tables[f], i);
      else if constexpr (kPlace == Place::kOne)
        return Field::load(io, tables[f], i + half);
      else
        return slope(Field::load(io, tables[f], i), Field::load(io, tables[f], i + half));
    };
    const FeFactor weight = factor(load_fe(io, weights, j));
    if constexpr (kFactors == 1) {
      sum.add_product(Field::as_factor(value(0)), weight);
    } else {
      sum.add_product(Field::as_factor(mul(value(0), value(1))), weight);
    }
  });
  return sum_lanes(sum.value());
}

template <class Field, std::size_t kFactors>
void AllWeightedSums(const FeCSpan* tables, const FeCSpan& weights, std::size_t begin, bool want_at_one,
                     ProductSums& out) {
  out.at_zero = WeightedSum<Field, Place::kZero, kFactors>(tables, weights, begin);
  if (want_at_one) out.at_one = WeightedSum<Field, Place::kOne, kFactors>(tables, weights, begin);
  if (kFactors > 1) out.top = WeightedSum<Field, Place::kTop, kFactors>(tables, weights, begin);
}

void Weighted(const FeCSpan* tables, std::size_t num_factors, bool in_base_field, const FeCSpan& weights,
              std::size_t begin, bool want_at_one, ProductSums& out) {
  if (in_base_field) {
    num_factors == 1 ? AllWeightedSums<InF, 1>(tables, weights, begin, want_at_one, out)
                     : AllWeightedSums<InF, 2>(tables, weights, begin, want_at_one, out);
  } else {
    num_factors == 1 ? AllWeightedSums<InK, 1>(tables, weights, begin, want_at_one, out)
                     : AllWeightedSums<InK, 2>(tables, weights, begin, want_at_one, out);
  }
}

void FoldRows(const FeCSpan& v, bool in_base_field, const Fe& r, std::size_t begin, std::size_t end,
              const FeSpan& out) {
  const std::size_t half = out.size;
  if (in_base_field) {
    const FeConstant vr = constant(r);
    for_vectors(end - begin, [&](std::size_t j, auto io) HWY_ATTR {
      const V low = io.load(v.c[0] + begin + j);
      FeV x = mul(vr, sub(io.load(v.c[0] + begin + j + half), low));
      x.c0 = add(x.c0, low);
      store_fe(io, x, out, begin + j);
    });
    return;
  }
  const FeV vr = set_fe(r);
  for_vectors(end - begin, [&](std::size_t j, auto io) HWY_ATTR {
    const FeV low = load_fe(io, v, begin + j);
    store_fe(io, add(low, mul(vr, sub(load_fe(io, v, begin + j + half), low))), out, begin + j);
  });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace zkinfer
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace zkinfer {
namespace {

ZKI_SIMD_EXPORT(Sums);
ZKI_SIMD_EXPORT(FoldAndSum);
ZKI_SIMD_EXPORT(Weighted);
ZKI_SIMD_EXPORT(FoldRows);

}  // namespace

namespace sumcheck {

ProductSums& ProductSums::operator+=(const ProductSums& other) {
  at_zero += other.at_zero;
  at_one += other.at_one;
  at_minus_one += other.at_minus_one;
  top += other.top;
  return *this;
}

ProductSums product_sums(std::span<const FeCSpan> tables, std::size_t begin, std::size_t end, bool want_at_one) {
  ZKI_CHECK(!tables.empty() && tables.size() <= 3, "one to three factors");
  ProductSums sums;
  ZKI_SIMD_CALL(Sums)(tables.data(), tables.size(), begin, end, want_at_one, sums);
  return sums;
}

ProductSums fold_and_sum(std::span<const FeSpan> tables, const Fe& r, std::size_t begin, std::size_t end) {
  ZKI_CHECK(!tables.empty() && tables.size() <= 3, "one to three factors");
  ProductSums sums;
  ZKI_SIMD_CALL(FoldAndSum)(tables.data(), tables.size(), r, begin, end, sums);
  return sums;
}

ProductSums weighted_sums(std::span<const FactorView> tables, FeCSpan weights, std::size_t begin, bool want_at_one) {
  ZKI_CHECK(!tables.empty() && tables.size() <= 2, "one or two factors");
  ZKI_CHECK(weights.size <= kMaxWeightedRows, "rows of one block");
  FeCSpan values[2];
  for (std::size_t f = 0; f < tables.size(); ++f) {
    ZKI_CHECK_EQ(tables[f].in_base_field, tables[0].in_base_field, "factors in one field");
    values[f] = tables[f].values;
  }
  ProductSums sums;
  ZKI_SIMD_CALL(Weighted)(values, tables.size(), tables[0].in_base_field, weights, begin, want_at_one, sums);
  return sums;
}

void fold_rows(const FactorView& v, const Fe& r, std::size_t begin, std::size_t end, FeSpan out) {
  ZKI_CHECK_EQ(v.values.size, 2 * out.size, "a fold halves a table");
  ZKI_SIMD_CALL(FoldRows)(v.values, v.in_base_field, r, begin, end, out);
}

}  // namespace sumcheck
}  // namespace zkinfer
#endif  // HWY_ONCE
