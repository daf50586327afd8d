// SPDX-License-Identifier: Apache-2.0
#include "lookup/gkr_kernels.h"

#include <type_traits>

#include "base/check.h"
#include "field/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lookup/gkr_kernels.cc"
#include "hwy/foreach_target.h"
// Highway asks for its header after the loop header.
#include "field/simd_ext-inl.h"

HWY_BEFORE_NAMESPACE();
namespace zkinfer {
namespace HWY_NAMESPACE {
namespace {

using lookup::kMaxBlockRows;
using lookup::LayerTables;
using lookup::RoundSums;

// The products of one block's rows, in the first-level cache. Summing them against the weights in a second loop keeps
// the accumulators of a sum in registers.
struct Block {
  alignas(64) Fp at_zero[3][kMaxBlockRows];
  alignas(64) Fp top[3][kMaxBlockRows];

  FeSpan at_zero_span(std::size_t size) { return {{at_zero[0], at_zero[1], at_zero[2]}, size}; }
  FeSpan top_span(std::size_t size) { return {{top[0], top[1], top[2]}, size}; }
};

Fe Dot(const FeCSpan& a, const FeCSpan& b) {
  FeV total = set_fe(Fe());
  constexpr std::size_t kStep = FeSum::kMaxTerms * kLanes;
  for (std::size_t begin = 0; begin < a.size; begin += kStep) {
    FeSum sum;
    for_vectors(HWY_MIN(a.size - begin, kStep), [&](std::size_t i, auto io) HWY_ATTR {
      sum.add_product(factor(load_fe(io, a, begin + i)), factor(load_fe(io, b, begin + i)));
    });
    total = add(total, sum.value());
  }
  return sum_lanes(total);
}

RoundSums WeightedSums(const FeCSpan& eq, Block& block) {
  return {Dot(eq, block.at_zero_span(eq.size)), Dot(eq, block.top_span(eq.size))};
}

HWY_INLINE FeV mul_pairs(const FeV& a, const FeV& b, const FeV& c, const FeV& d) {
  FeSum sum;
  sum.add_product(factor(a), factor(b));
  sum.add_product(factor(c), factor(d));
  return sum.value();
}

// Numerators in K or, with planes 1 and 2 absent, in F.
struct InK {
  FeCSpan v;
  template <class Io>
  HWY_INLINE FeV load(Io io, std::size_t i) const {
    return load_fe(io, v, i);
  }
  static HWY_INLINE FeV times(const FeV& a, const FeV& x) { return mul(a, x); }
  static HWY_INLINE FeFactor as_factor(const FeV& x) { return factor(x); }
};
struct InF {
  const Fp* v;
  template <class Io>
  HWY_INLINE V load(Io io, std::size_t i) const {
    return io.load(v + i);
  }
  static HWY_INLINE FeV times(const FeV& a, V x) { return scale(x, a); }
  static HWY_INLINE Factor as_factor(V x) { return factor(x); }
};
HWY_INLINE FeV plus(const FeV& a, const FeV& b) { return add(a, b); }
HWY_INLINE FeV plus(const FeV& a, V b) { return {add(a.c0, b), a.c1, a.c2}; }

template <class Num>
void Build(const Num& p, const FeCSpan& q, std::size_t begin, std::size_t end, const FeSpan& out_p,
           const FeSpan& out_q) {
  const std::size_t n = q.size / 2;
  for_vectors(end - begin, [&](std::size_t j, auto io) HWY_ATTR {
    const std::size_t i = begin + j;
    const FeFactor q0 = factor(load_fe(io, q, i)), q1 = factor(load_fe(io, q, i + n));
    FeSum sum_p, sum_q;
    sum_p.add_product(Num::as_factor(p.load(io, i)), q1);
    sum_p.add_product(Num::as_factor(p.load(io, i + n)), q0);
    store_fe(io, sum_p.value(), out_p, i);
    sum_q.add_product(q0, q1);
    store_fe(io, sum_q.value(), out_q, i);
  });
}
void BuildK(const FeCSpan& p, const FeCSpan& q, std::size_t begin, std::size_t end, const FeSpan& out_p,
            const FeSpan& out_q) {
  Build(InK{p}, q, begin, end, out_p, out_q);
}
void BuildF(const Fp* p, const FeCSpan& q, std::size_t begin, std::size_t end, const FeSpan& out_p,
            const FeSpan& out_q) {
  Build(InF{p}, q, begin, end, out_p, out_q);
}

// sum of eq (dp0 dq1 + dq0 (dp1 + lambda dq1)).
template <class Num>
Fe FirstTop(const Num& p, const FeCSpan& q, const Fe& lambda, const FeCSpan& eq, std::size_t begin) {
  const std::size_t n = q.size / 2, h = n / 2;
  const FeV vlambda = set_fe(lambda);
  Block block;
  const FeSpan top = block.top_span(eq.size);
  for_vectors(eq.size, [&](std::size_t j, auto io) HWY_ATTR {
    const std::size_t i = begin + j;
    const FeV dq0 = sub(load_fe(io, q, i + h), load_fe(io, q, i));
    const FeV dq1 = sub(load_fe(io, q, i + n + h), load_fe(io, q, i + n));
    const auto dp0 = sub(p.load(io, i + h), p.load(io, i));
    const auto dp1 = sub(p.load(io, i + n + h), p.load(io, i + n));
    FeSum sum;
    sum.add_product(Num::as_factor(dp0), factor(dq1));
    sum.add_product(factor(dq0), factor(plus(mul(vlambda, dq1), dp1)));
    store_fe(io, sum.value(), top, j);
  });
  return Dot(eq, top);
}
Fe FirstTopK(const FeCSpan& p, const FeCSpan& q, const Fe& lambda, const FeCSpan& eq, std::size_t begin) {
  return FirstTop(InK{p}, q, lambda, eq, begin);
}
Fe FirstTopF(const Fp* p, const FeCSpan& q, const Fe& lambda, const FeCSpan& eq, std::size_t begin) {
  return FirstTop(InF{p}, q, lambda, eq, begin);
}

// v(X) = low + X (high - low) of the four tables in some rows.
struct Rows {
  FeV p0, p1, q0, q1;
};

template <class Io>
HWY_INLINE void store_rows(Io io, const Rows& rows, const LayerTables& t, std::size_t i) {
  store_fe(io, rows.p0, t.p0, i);
  store_fe(io, rows.p1, t.p1, i);
  store_fe(io, rows.q0, t.q0, i);
  store_fe(io, rows.q1, t.q1, i);
}

template <class Io>
HWY_INLINE void store_products(Io io, const Rows& low, const Rows& high, const FeSpan& at_zero, const FeSpan& top,
                               std::size_t j) {
  store_fe(io, mul_pairs(low.p0, low.q1, low.p1, low.q0), at_zero, j);
  store_fe(io, mul_pairs(sub(high.p0, low.p0), sub(high.q1, low.q1), sub(high.p1, low.p1), sub(high.q0, low.q0)), top,
           j);
}

template <class Num>
RoundSums FoldChildren(const Num& p, const FeCSpan& q, const Fe& lambda, const Fe& s, const FeCSpan& eq,
                       std::size_t begin, const LayerTables& out) {
  const std::size_t n = q.size / 2, h = n / 4;
  const FeV vs = set_fe(s), vlambda = set_fe(lambda);
  const InK in_q{q};
  Block block;
  const FeSpan at_zero = block.at_zero_span(eq.size), top = block.top_span(eq.size);
  for_vectors(eq.size, [&](std::size_t j, auto io) HWY_ATTR {
    const auto fold = [&](const auto& v, std::size_t i) HWY_ATTR {
      const auto low = v.load(io, i);
      return plus(std::decay_t<decltype(v)>::times(vs, sub(v.load(io, i + 2 * h), low)), low);
    };
    const auto folded = [&](std::size_t i) HWY_ATTR {
      Rows rows{fold(p, i), fold(p, i + n), fold(in_q, i), fold(in_q, i + n)};
      rows.p1 = add(rows.p1, mul(vlambda, rows.q1));
      store_rows(io, rows, out, i);
      return rows;
    };
    const Rows low = folded(begin + j);
    const Rows high = folded(begin + j + h);
    store_products(io, low, high, at_zero, top, j);
  });
  return WeightedSums(eq, block);
}
RoundSums FoldChildrenK(const FeCSpan& p, const FeCSpan& q, const Fe& lambda, const Fe& s, const FeCSpan& eq,
                        std::size_t begin, const LayerTables& out) {
  return FoldChildren(InK{p}, q, lambda, s, eq, begin, out);
}
RoundSums FoldChildrenF(const Fp* p, const FeCSpan& q, const Fe& lambda, const Fe& s, const FeCSpan& eq,
                        std::size_t begin, const LayerTables& out) {
  return FoldChildren(InF{p}, q, lambda, s, eq, begin, out);
}

RoundSums FoldTables(const LayerTables& tables, const Fe& s, const FeCSpan& eq, std::size_t begin) {
  const std::size_t h = tables.p0.size / 4;
  const FeV vs = set_fe(s);
  Block block;
  const FeSpan at_zero = block.at_zero_span(eq.size), top = block.top_span(eq.size);
  for_vectors(eq.size, [&](std::size_t j, auto io) HWY_ATTR {
    const auto fold = [&](const FeSpan& v, std::size_t i) HWY_ATTR {
      const FeV low = load_fe(io, v, i);
      return add(low, mul(vs, sub(load_fe(io, v, i + 2 * h), low)));
    };
    const auto folded = [&](std::size_t i) HWY_ATTR {
      const Rows rows{fold(tables.p0, i), fold(tables.p1, i), fold(tables.q0, i), fold(tables.q1, i)};
      store_rows(io, rows, tables, i);
      return rows;
    };
    const Rows low = folded(begin + j);
    const Rows high = folded(begin + j + h);
    store_products(io, low, high, at_zero, top, j);
  });
  return WeightedSums(eq, block);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace zkinfer
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace zkinfer {
namespace {

HWY_EXPORT(BuildK);
HWY_EXPORT(BuildF);
HWY_EXPORT(FirstTopK);
HWY_EXPORT(FirstTopF);
HWY_EXPORT(FoldChildrenK);
HWY_EXPORT(FoldChildrenF);
HWY_EXPORT(FoldTables);

}  // namespace

namespace lookup {

void build_parents(const Numerators& p, FeCSpan q, std::size_t begin, std::size_t end, FeSpan out_p, FeSpan out_q) {
  if (p.in_base_field) {
    HWY_DYNAMIC_DISPATCH(BuildF)(p.values.c[0], q, begin, end, out_p, out_q);
  } else {
    HWY_DYNAMIC_DISPATCH(BuildK)(p.values, q, begin, end, out_p, out_q);
  }
}

RoundSums first_round(FeCSpan parent_p, FeCSpan parent_q, const Numerators& p, FeCSpan q, const Fe& lambda, FeCSpan eq,
                      std::size_t begin) {
  ZKI_CHECK(eq.size <= kMaxBlockRows, "rows of a block");
  RoundSums sums;
  sums.at_zero =
      vec::dot(eq, parent_p.subspan(begin, eq.size)) + lambda * vec::dot(eq, parent_q.subspan(begin, eq.size));
  sums.top = p.in_base_field ? HWY_DYNAMIC_DISPATCH(FirstTopF)(p.values.c[0], q, lambda, eq, begin)
                             : HWY_DYNAMIC_DISPATCH(FirstTopK)(p.values, q, lambda, eq, begin);
  return sums;
}

RoundSums fold_children(const Numerators& p, FeCSpan q, const Fe& lambda, const Fe& s, FeCSpan eq, std::size_t begin,
                        const LayerTables& out) {
  ZKI_CHECK(eq.size <= kMaxBlockRows, "rows of a block");
  return p.in_base_field ? HWY_DYNAMIC_DISPATCH(FoldChildrenF)(p.values.c[0], q, lambda, s, eq, begin, out)
                         : HWY_DYNAMIC_DISPATCH(FoldChildrenK)(p.values, q, lambda, s, eq, begin, out);
}

RoundSums fold_tables(const LayerTables& tables, const Fe& s, FeCSpan eq, std::size_t begin) {
  ZKI_CHECK(eq.size <= kMaxBlockRows, "rows of a block");
  return HWY_DYNAMIC_DISPATCH(FoldTables)(tables, s, eq, begin);
}

Fe sum_at_one(const LayerTables& tables, FeCSpan eq, std::size_t begin) {
  const std::size_t h = tables.p0.size / 2;
  Fe sum;
  for (std::size_t j = 0; j < eq.size; ++j) {
    const std::size_t i = begin + j + h;
    sum += eq.get(j) * (tables.p0.get(i) * tables.q1.get(i) + tables.p1.get(i) * tables.q0.get(i));
  }
  return sum;
}

}  // namespace lookup
}  // namespace zkinfer
#endif  // HWY_ONCE
