// SPDX-License-Identifier: Apache-2.0
// Vectors over K = F[x] / (x^3 - 2) and sums of products, per instruction set like field/simd-inl.h.
//
// A Sum collects products before it reduces. With the 52-bit multiply-add (IFMA), a = a0 + 2^52 a1, b likewise, and
// a b = lo(a0 b0) + 2^52 (hi(a0 b0) + lo(a0 b1) + lo(a1 b0)) + 2^104 (hi(a0 b1) + hi(a1 b0) + a1 b1): each of the three
// accumulators grows by less than 3 * 2^52 a product, so that 2^10 products fit. 2^104 = -2^8 (mod p). Elsewhere a Sum
// is the canonical running total.
#if defined(ZKINFER_FIELD_SIMD_EXT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ZKINFER_FIELD_SIMD_EXT_INL_H_
#undef ZKINFER_FIELD_SIMD_EXT_INL_H_
#else
#define ZKINFER_FIELD_SIMD_EXT_INL_H_
#endif

#include "field/fe.h"
#include "field/simd-inl.h"
#include "field/vec.h"

HWY_BEFORE_NAMESPACE();
namespace zkinfer {
namespace HWY_NAMESPACE {

// Products a Sum may collect.
inline constexpr std::size_t kMaxProducts = 1024;

#if HWY_TARGET == HWY_AVX3_DL

struct Factor {
  __m512i low, high;  // high = value >> 52; the multiplier ignores bits 52.. of low
};
HWY_INLINE Factor factor(V x) { return {x.raw, hn::ShiftRight<52>(x).raw}; }

class Sum {
 public:
  HWY_INLINE Sum() : acc0_(_mm512_setzero_si512()), acc1_(acc0_), acc2_(acc0_) {}
  HWY_INLINE void add_product(const Factor& a, const Factor& b) {
    acc0_ = _mm512_madd52lo_epu64(acc0_, a.low, b.low);
    acc1_ = _mm512_madd52hi_epu64(acc1_, a.low, b.low);
    acc2_ = _mm512_madd52hi_epu64(acc2_, a.low, b.high);
    acc1_ = _mm512_madd52lo_epu64(acc1_, a.low, b.high);
    acc2_ = _mm512_madd52hi_epu64(acc2_, a.high, b.low);
    acc1_ = _mm512_madd52lo_epu64(acc1_, a.high, b.low);
    acc2_ = _mm512_madd52lo_epu64(acc2_, a.high, b.high);
  }
  // Counts as two products for each one in `other`.
  HWY_INLINE void add_twice(const Sum& other) {
    acc0_ = _mm512_add_epi64(acc0_, _mm512_slli_epi64(other.acc0_, 1));
    acc1_ = _mm512_add_epi64(acc1_, _mm512_slli_epi64(other.acc1_, 1));
    acc2_ = _mm512_add_epi64(acc2_, _mm512_slli_epi64(other.acc2_, 1));
  }
  HWY_INLINE V value() const {
    const V acc0{acc0_}, acc1{acc1_}, acc2{acc2_};
    const V epsilon = set(Fp::kEpsilon);
    // acc0 + 2^52 acc1 = lo + 2^64 hi.
    const V lo = hn::Add(acc0, hn::ShiftLeft<52>(acc1));
    const V hi = add_if(hn::Lt(lo, acc0), hn::ShiftRight<12>(acc1), set(1));
    // The rest is reduce(lo, hi) with 2^8 acc2 < 2^44 subtracted along the way.
    const V minus = hn::Add(shift_right_32(hi), hn::ShiftLeft<8>(acc2));
    const V t = sub_if(hn::Lt(lo, minus), hn::Sub(lo, minus), epsilon);
    const V product = mul_low_32(hi, epsilon);
    const V s = hn::Add(t, product);
    return add_if(hn::Or(hn::Lt(s, product), hn::Lt(set(Fp::kModulus - 1), s)), s, epsilon);
  }

 private:
  __m512i acc0_, acc1_, acc2_;
};

#else

struct Factor {
  V value;
};
HWY_INLINE Factor factor(V x) { return {x}; }

class Sum {
 public:
  HWY_INLINE Sum() : total_(set(0)) {}
  HWY_INLINE void add_product(const Factor& a, const Factor& b) { total_ = add(total_, mul(a.value, b.value)); }
  HWY_INLINE void add_twice(const Sum& other) { total_ = add(total_, add(other.total_, other.total_)); }
  HWY_INLINE V value() const { return total_; }

 private:
  V total_;
};

#endif

struct FeV {
  V c0, c1, c2;
};
struct FeFactor {
  Factor c0, c1, c2;
};

HWY_INLINE FeV set_fe(const Fe& x) { return {set(x.c[0]), set(x.c[1]), set(x.c[2])}; }
template <class Io>
HWY_INLINE FeV load_fe(Io io, const FeCSpan& x, std::size_t i) {
  return {io.load(x.c[0] + i), io.load(x.c[1] + i), io.load(x.c[2] + i)};
}
template <class Io>
HWY_INLINE void store_fe(Io io, const FeV& v, const FeSpan& x, std::size_t i) {
  io.store(v.c0, x.c[0] + i);
  io.store(v.c1, x.c[1] + i);
  io.store(v.c2, x.c[2] + i);
}
HWY_INLINE FeV add(const FeV& a, const FeV& b) { return {add(a.c0, b.c0), add(a.c1, b.c1), add(a.c2, b.c2)}; }
HWY_INLINE FeV sub(const FeV& a, const FeV& b) { return {sub(a.c0, b.c0), sub(a.c1, b.c1), sub(a.c2, b.c2)}; }
HWY_INLINE FeFactor factor(const FeV& x) { return {factor(x.c0), factor(x.c1), factor(x.c2)}; }
HWY_INLINE Fe sum_lanes(const FeV& x) { return {sum_lanes(x.c0), sum_lanes(x.c1), sum_lanes(x.c2)}; }

#if HWY_TARGET == HWY_AVX3_DL

// The five coefficients of a sum of products of polynomials of degree two.
class FeSum {
 public:
  HWY_INLINE FeSum() : s0_(), s1_(), s2_(), s3_(), s4_() {}
  HWY_INLINE void add_product(const FeFactor& a, const FeFactor& b) {
    s0_.add_product(a.c0, b.c0);
    s1_.add_product(a.c0, b.c1);
    s2_.add_product(a.c0, b.c2);
    s3_.add_product(a.c1, b.c2);
    s4_.add_product(a.c2, b.c2);
    s1_.add_product(a.c1, b.c0);
    s2_.add_product(a.c1, b.c1);
    s3_.add_product(a.c2, b.c1);
    s2_.add_product(a.c2, b.c0);
  }
  HWY_INLINE void add_product(const Factor& a, const FeFactor& b) {
    s0_.add_product(a, b.c0);
    s1_.add_product(a, b.c1);
    s2_.add_product(a, b.c2);
  }
  HWY_INLINE FeV value() const {
    Sum t0 = s0_, t1 = s1_;
    t0.add_twice(s3_);
    t1.add_twice(s4_);
    return {t0.value(), t1.value(), s2_.value()};
  }
  // s0 + 2 s3 holds up to five products for one of K.
  static constexpr std::size_t kMaxTerms = kMaxProducts / 8;

 private:
  Sum s0_, s1_, s2_, s3_, s4_;
};

HWY_INLINE FeV mul(const FeV& a, const FeV& b) {
  FeSum sum;
  sum.add_product(factor(a), factor(b));
  return sum.value();
}

#else

#if HWY_TARGET == HWY_SCALAR

HWY_INLINE FeV mul(const FeV& a, const FeV& b) {
  return set_fe(Fe(lane(a.c0), lane(a.c1), lane(a.c2)) * Fe(lane(b.c0), lane(b.c1), lane(b.c2)));
}

#else

// Karatsuba: six products of F, each reduced.
HWY_INLINE FeV mul(const FeV& a, const FeV& b) {
  const V p0 = mul(a.c0, b.c0);
  const V p1 = mul(a.c1, b.c1);
  const V p2 = mul(a.c2, b.c2);
  const V m01 = sub(sub(mul(add(a.c0, a.c1), add(b.c0, b.c1)), p0), p1);
  const V m02 = sub(sub(mul(add(a.c0, a.c2), add(b.c0, b.c2)), p0), p2);
  const V m12 = sub(sub(mul(add(a.c1, a.c2), add(b.c1, b.c2)), p1), p2);
  return {add(p0, add(m12, m12)), add(m01, add(p2, p2)), add(m02, p1)};
}

#endif

class FeSum {
 public:
  HWY_INLINE FeSum() : total_{set(0), set(0), set(0)} {}
  HWY_INLINE void add_product(const FeFactor& a, const FeFactor& b) {
    total_ = add(total_, mul(FeV{a.c0.value, a.c1.value, a.c2.value}, FeV{b.c0.value, b.c1.value, b.c2.value}));
  }
  HWY_INLINE void add_product(const Factor& a, const FeFactor& b) {
    total_ = add(total_, FeV{mul(a.value, b.c0.value), mul(a.value, b.c1.value), mul(a.value, b.c2.value)});
  }
  HWY_INLINE FeV value() const { return total_; }
  static constexpr std::size_t kMaxTerms = kMaxProducts / 8;

 private:
  FeV total_;
};

#endif

// A constant of K times values of F.
struct FeConstant {
  Constant c0, c1, c2;
};
HWY_INLINE FeConstant constant(const Fe& x) { return {constant(x.c[0]), constant(x.c[1]), constant(x.c[2])}; }
HWY_INLINE FeV mul(const FeConstant& c, V x) { return {mul(c.c0, x), mul(c.c1, x), mul(c.c2, x)}; }
HWY_INLINE FeV scale(V a, const FeV& b) { return {mul(a, b.c0), mul(a, b.c1), mul(a, b.c2)}; }

}  // namespace HWY_NAMESPACE
}  // namespace zkinfer
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
