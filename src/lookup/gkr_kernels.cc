// SPDX-License-Identifier: Apache-2.0
#include "lookup/gkr_kernels.h"

#include <type_traits>

#include "base/check.h"
#include "field/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lookup/gkr_kernels.cc"
#include "hwy/foreach_target.h"
// Highway asks for its header after the loop header.
#include "field/simd_dispatch.h"
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
void Build(const Num& p, const FeCSpan& q, std::size_t child, const FeSpan& out_p, const FeSpan& out_q) {
  for_vectors(out_q.size, [&](std::size_t i, auto io) HWY_ATTR {
    const FeFactor q0 = factor(load_fe(io, q, i)), q1 = factor(load_fe(io, q, i + child));
    FeSum sum_p, sum_q;
    sum_p.add_product(Num::as_factor(p.load(io, i)), q1);
    sum_p.add_product(Num::as_factor(p.load(io, i + child)), q0);
    store_fe(io, sum_p.value(), out_p, i);
    sum_q.add_product(q0, q1);
    store_fe(io, sum_q.value(), out_q, i);
  });
}
void BuildK(const FeCSpan& p, const FeCSpan& q, std::size_t child, const FeSpan& out_p, const FeSpan& out_q) {
  Build(InK{p}, q, child, out_p, out_q);
}
void BuildF(const Fp* p, const FeCSpan& q, std::size_t child, const FeSpan& out_p, const FeSpan& out_q) {
  Build(InF{p}, q, child, out_p, out_q);
}

// sum of eq (dp0 dq1 + dq0 (dp1 + lambda dq1)).
template <class Num>
Fe FirstTop(const Num& p, const FeCSpan& q, const lookup::Strides& strides, const Fe& lambda, const FeCSpan& eq) {
  const std::size_t n = strides.child, h = strides.row;
  const FeV vlambda = set_fe(lambda);
  Block block;
  const FeSpan top = block.top_span(eq.size);
  for_vectors(eq.size, [&](std::size_t i, auto io) HWY_ATTR {
    const FeV dq0 = sub(load_fe(io, q, i + h), load_fe(io, q, i));
    const FeV dq1 = sub(load_fe(io, q, i + n + h), load_fe(io, q, i + n));
    const auto dp0 = sub(p.load(io, i + h), p.load(io, i));
    const auto dp1 = sub(p.load(io, i + n + h), p.load(io, i + n));
    FeSum sum;
    sum.add_product(Num::as_factor(dp0), factor(dq1));
    sum.add_product(factor(dq0), factor(plus(mul(vlambda, dq1), dp1)));
    store_fe(io, sum.value(), top, i);
  });
  return Dot(eq, top);
}
Fe FirstTopK(const FeCSpan& p, const FeCSpan& q, const lookup::Strides& strides, const Fe& lambda, const FeCSpan& eq) {
  return FirstTop(InK{p}, q, strides, lambda, eq);
}
Fe FirstTopF(const Fp* p, const FeCSpan& q, const lookup::Strides& strides, const Fe& lambda, const FeCSpan& eq) {
  return FirstTop(InF{p}, q, strides, lambda, eq);
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

// The four tables of nodes 0 / 1.
HWY_INLINE Rows trivial_rows(const FeV& lambda) {
  const FeV one = set_fe(Fe::one());
  return {set_fe(Fe()), lambda, one, one};
}

template <class Num>
RoundSums FoldChildren(const Num& p_low, const FeCSpan& q_low, const Num& p_high, const FeCSpan& q_high, bool has_high,
                       const lookup::Strides& strides, const Fe& lambda, const Fe& s, const FeCSpan& eq, std::size_t x,
                       std::size_t y, const LayerTables& out) {
  const std::size_t n = strides.child, h = strides.row;
  const FeV vs = set_fe(s), vlambda = set_fe(lambda);
  Block block;
  const FeSpan at_zero = block.at_zero_span(eq.size), top = block.top_span(eq.size);
  for_vectors(eq.size, [&](std::size_t j, auto io) HWY_ATTR {
    const auto fold = [&](const auto& v, std::size_t i) HWY_ATTR {
      const auto low = v.load(io, i);
      return plus(std::decay_t<decltype(v)>::times(vs, sub(v.load(io, i + h), low)), low);
    };
    const auto folded = [&](const Num& p, const FeCSpan& q, std::size_t row) HWY_ATTR {
      const InK in_q{q};
      Rows rows{fold(p, j), fold(p, j + n), fold(in_q, j), fold(in_q, j + n)};
      rows.p1 = add(rows.p1, mul(vlambda, rows.q1));
      store_rows(io, rows, out, row);
      return rows;
    };
    const Rows low = folded(p_low, q_low, x + j);
    const Rows high = has_high ? folded(p_high, q_high, y + j) : trivial_rows(vlambda);
    store_products(io, low, high, at_zero, top, j);
  });
  return WeightedSums(eq, block);
}
RoundSums FoldChildrenK(const lookup::Nodes& low, const lookup::Nodes& high, bool has_high,
                        const lookup::Strides& strides, const Fe& lambda, const Fe& s, const FeCSpan& eq, std::size_t x,
                        std::size_t y, const LayerTables& out) {
  return FoldChildren(InK{low.p.values}, low.q, InK{high.p.values}, high.q, has_high, strides, lambda, s, eq, x, y,
                      out);
}
RoundSums FoldChildrenF(const lookup::Nodes& low, const lookup::Nodes& high, bool has_high,
                        const lookup::Strides& strides, const Fe& lambda, const Fe& s, const FeCSpan& eq, std::size_t x,
                        std::size_t y, const LayerTables& out) {
  return FoldChildren(InF{low.p.values.c[0]}, low.q, InF{high.p.values.c[0]}, high.q, has_high, strides, lambda, s, eq,
                      x, y, out);
}

RoundSums FoldTables(const LayerTables& tables, std::size_t h, std::size_t num_rows, const Fe& lambda, const Fe& s,
                     const FeCSpan& eq, std::size_t begin) {
  const FeV vs = set_fe(s);
  const Rows trivial = trivial_rows(set_fe(lambda));
  const bool has_second = begin + 2 * h < num_rows, has_fourth = begin + 3 * h < num_rows;
  Block block;
  const FeSpan at_zero = block.at_zero_span(eq.size), top = block.top_span(eq.size);
  for_vectors(eq.size, [&](std::size_t j, auto io) HWY_ATTR {
    const auto folded = [&](std::size_t i, bool has_partner) HWY_ATTR {
      const auto fold = [&](const FeSpan& v, const FeV& otherwise) HWY_ATTR {
        const FeV low = load_fe(io, v, i);
        return add(low, mul(vs, sub(has_partner ? load_fe(io, v, i + 2 * h) : otherwise, low)));
      };
      const Rows rows{fold(tables.p0, trivial.p0), fold(tables.p1, trivial.p1), fold(tables.q0, trivial.q0),
                      fold(tables.q1, trivial.q1)};
      store_rows(io, rows, tables, i);
      return rows;
    };
    const Rows low = folded(begin + j, has_second);
    const Rows high = folded(begin + j + h, has_fourth);
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

ZKI_SIMD_EXPORT(BuildK);
ZKI_SIMD_EXPORT(BuildF);
ZKI_SIMD_EXPORT(FirstTopK);
ZKI_SIMD_EXPORT(FirstTopF);
ZKI_SIMD_EXPORT(FoldChildrenK);
ZKI_SIMD_EXPORT(FoldChildrenF);
ZKI_SIMD_EXPORT(FoldTables);

}  // namespace

namespace lookup {

void build_parents(const Nodes& children, std::size_t child, FeSpan out_p, FeSpan out_q) {
  if (children.p.in_base_field) {
    ZKI_SIMD_CALL(BuildF)(children.p.values.c[0], children.q, child, out_p, out_q);
  } else {
    ZKI_SIMD_CALL(BuildK)(children.p.values, children.q, child, out_p, out_q);
  }
}

Fe first_top(const Nodes& children, const Strides& strides, const Fe& lambda, FeCSpan eq) {
  ZKI_CHECK(eq.size <= kMaxBlockRows, "rows of a block");
  return children.p.in_base_field ? ZKI_SIMD_CALL(FirstTopF)(children.p.values.c[0], children.q, strides, lambda, eq)
                                  : ZKI_SIMD_CALL(FirstTopK)(children.p.values, children.q, strides, lambda, eq);
}

RoundSums fold_children(const Nodes& low, const Nodes* high, const Strides& strides, const Fe& lambda, const Fe& s,
                        FeCSpan eq, std::size_t x, std::size_t y, const LayerTables& out) {
  ZKI_CHECK(eq.size <= kMaxBlockRows, "rows of a block");
  const bool has_high = high != nullptr;
  const Nodes& second = has_high ? *high : low;
  return low.p.in_base_field ? ZKI_SIMD_CALL(FoldChildrenF)(low, second, has_high, strides, lambda, s, eq, x, y, out)
                             : ZKI_SIMD_CALL(FoldChildrenK)(low, second, has_high, strides, lambda, s, eq, x, y, out);
}

RoundSums fold_tables(const LayerTables& tables, std::size_t h, std::size_t num_rows, const Fe& lambda, const Fe& s,
                      FeCSpan eq, std::size_t begin) {
  ZKI_CHECK(eq.size <= kMaxBlockRows, "rows of a block");
  return ZKI_SIMD_CALL(FoldTables)(tables, h, num_rows, lambda, s, eq, begin);
}

Fe sum_at_one(const LayerTables& tables, std::size_t h, std::size_t num_rows, const Fe& lambda, FeCSpan eq,
              std::size_t begin) {
  Fe sum;
  for (std::size_t j = 0; j < eq.size; ++j) {
    const std::size_t i = begin + j + h;
    sum +=
        eq.get(j) * (i < num_rows ? tables.p0.get(i) * tables.q1.get(i) + tables.p1.get(i) * tables.q0.get(i) : lambda);
  }
  return sum;
}

}  // namespace lookup
}  // namespace zkinfer
#endif  // HWY_ONCE
