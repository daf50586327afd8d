// SPDX-License-Identifier: Apache-2.0
// Vectors of 64-bit lanes and Goldilocks arithmetic on them, once per instruction set: to be included inside the
// foreach_target loop of Google Highway (its file name and its include guard follow Highway's rule). Where Highway is not
// installed, a vector is one lane of plain C++ (without_highway/).
//
// Everything here takes and gives canonical values. Formulas: with the product hi * 2^64 + lo and
// hi = h0 + 2^32 h1, the product is lo - h1 + (2^32 - 1) h0 (mod p), as in field/fp.h.
#if defined(ZKINFER_FIELD_SIMD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ZKINFER_FIELD_SIMD_INL_H_
#undef ZKINFER_FIELD_SIMD_INL_H_
#else
#define ZKINFER_FIELD_SIMD_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include "field/fp.h"
#include "hwy/highway.h"

#if HWY_TARGET == HWY_AVX3_DL
// Every processor of this class has the 52-bit multiply-add, which Highway does not ask the compiler for.
#undef HWY_TARGET_STR
#define HWY_TARGET_STR                                                            \
  HWY_TARGET_STR_AVX3                                                             \
  ",vpclmulqdq,avx512vbmi,avx512vbmi2,vaes,avxvnni,avx512bitalg,avx512vpopcntdq," \
  "avx512ifma"
#endif

HWY_BEFORE_NAMESPACE();
namespace zkinfer {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<std::uint64_t>;
using V = hn::Vec<D>;
using M = hn::Mask<D>;
inline constexpr std::size_t kLanes = HWY_LANES(std::uint64_t);

HWY_INLINE const std::uint64_t* words(const Fp* x) { return &x->v; }
HWY_INLINE std::uint64_t* words(Fp* x) { return &x->v; }

HWY_INLINE V set(std::uint64_t x) { return hn::Set(D(), x); }
HWY_INLINE V set(Fp x) { return hn::Set(D(), x.v); }
HWY_INLINE V load(const Fp* x) { return hn::LoadU(D(), words(x)); }
HWY_INLINE void store(V v, Fp* x) { hn::StoreU(v, D(), words(x)); }

// How a loop body touches memory: whole vectors, or the first lanes of the last one (missing lanes read as zero).
struct WholeIo {
  HWY_INLINE V load(const Fp* x) const { return hn::LoadU(D(), words(x)); }
  HWY_INLINE void store(V v, Fp* x) const { hn::StoreU(v, D(), words(x)); }
};
struct PartIo {
  M mask;
  HWY_INLINE V load(const Fp* x) const { return hn::MaskedLoad(mask, D(), words(x)); }
  HWY_INLINE void store(V v, Fp* x) const { hn::BlendedStore(v, mask, D(), words(x)); }
};

// body(i, io) for i = 0, kLanes, 2 kLanes .. below num_values.
template <class Body>
HWY_INLINE void for_vectors(std::size_t num_values, const Body& body) {
  std::size_t i = 0;
  for (; i + kLanes <= num_values; i += kLanes) body(i, WholeIo());
  if (i < num_values) body(i, PartIo{hn::FirstN(D(), num_values - i)});
}

#if HWY_TARGET == HWY_SCALAR

HWY_INLINE Fp lane(V x) { return Fp(hn::GetLane(x)); }
HWY_INLINE V add(V a, V b) { return set(lane(a) + lane(b)); }
HWY_INLINE V sub(V a, V b) { return set(lane(a) - lane(b)); }
HWY_INLINE V mul(V a, V b) { return set(lane(a) * lane(b)); }

struct Constant {
  V value;
};
HWY_INLINE Constant constant(Fp c) { return {set(c)}; }
HWY_INLINE V mul(const Constant& c, V x) { return mul(c.value, x); }

#else

HWY_INLINE V shift_right_32(V x) { return hn::ShiftRight<32>(x); }
HWY_INLINE V add_if(M m, V x, V y) { return hn::IfThenElse(m, hn::Add(x, y), x); }
HWY_INLINE V sub_if(M m, V x, V y) { return hn::IfThenElse(m, hn::Sub(x, y), x); }
// The product of the low 32 bits of each lane.
HWY_INLINE V mul_low_32(V a, V b) {
  const hn::Repartition<std::uint32_t, D> d32;
  return hn::MulEven(hn::BitCast(d32, a), hn::BitCast(d32, b));
}

// a + b = a - (p - b), plus p when that is negative.
HWY_INLINE V add(V a, V b) {
  const V p = set(Fp::kModulus);
  const V rest = hn::Sub(p, b);
  return add_if(hn::Lt(a, rest), hn::Sub(a, rest), p);
}

HWY_INLINE V sub(V a, V b) { return add_if(hn::Lt(a, b), hn::Sub(a, b), set(Fp::kModulus)); }

// lo + 2^64 hi for any lo, hi.
HWY_INLINE V reduce(V lo, V hi) {
  const V epsilon = set(Fp::kEpsilon);
  const V h1 = shift_right_32(hi);
  // Borrowed 2^64 = epsilon (mod p); cannot borrow twice.
  const V t = sub_if(hn::Lt(lo, h1), hn::Sub(lo, h1), epsilon);
  const V product = mul_low_32(hi, epsilon);
  const V s = hn::Add(t, product);
  // Either the sum carried, and s + epsilon < p, or it may lie in [p, 2^64): both ask for one epsilon more.
  return add_if(hn::Or(hn::Lt(s, product), hn::Lt(set(Fp::kModulus - 1), s)), s, epsilon);
}

struct Wide {
  V lo, hi;
};

HWY_INLINE Wide mul_wide(V a, V b) {
  const V epsilon = set(Fp::kEpsilon);
  const V a1 = shift_right_32(a);
  const V b1 = shift_right_32(b);
  const V ll = mul_low_32(a, b);
  const V lh = mul_low_32(a, b1);
  const V hl = mul_low_32(a1, b);
  const V hh = mul_low_32(a1, b1);
  const V m = hn::Add(hl, shift_right_32(ll));
  const V n = hn::Add(lh, hn::And(m, epsilon));
  return {hn::Or(hn::ShiftLeft<32>(n), hn::And(ll, epsilon)),
          hn::Add(hh, hn::Add(shift_right_32(m), shift_right_32(n)))};
}

HWY_INLINE V mul(V a, V b) {
  const Wide x = mul_wide(a, b);
  return reduce(x.lo, x.hi);
}

// A factor that serves many products, kept as 2^64 c mod p: Montgomery's reduction of (2^64 c) x costs less than reduce().
struct Constant {
  V low, high;  // the factor and its upper 32 bits
};
HWY_INLINE Constant constant(Fp c) {
  const V scaled = set(c * Fp(Fp::kEpsilon));
  return {scaled, shift_right_32(scaled)};
}
// With lo + 2^64 hi = (2^64 c) x < 2^64 p and 1 / p = 1 + 2^32 (mod 2^64): a = lo (1 + 2^32) mod 2^64 makes
// lo + 2^64 hi - a p divisible by 2^64, and its upper word is hi - (a - (a >> 32) - carry), above -p and below p.
HWY_INLINE V mul(const Constant& c, V x) {
  const V epsilon = set(Fp::kEpsilon);
  const V x1 = shift_right_32(x);
  const V ll = mul_low_32(c.low, x);
  const V hl = mul_low_32(c.high, x);
  const V lh = mul_low_32(c.low, x1);
  const V hh = mul_low_32(c.high, x1);
  const V m = hn::Add(hl, shift_right_32(ll));
  const V n = hn::Add(lh, hn::And(m, epsilon));
  const V hi = hn::Add(hn::Add(hh, shift_right_32(m)), shift_right_32(n));
  const V lo = hn::Or(hn::ShiftLeft<32>(n), hn::And(ll, epsilon));
  const V a = hn::Add(lo, hn::ShiftLeft<32>(ll));
  const V b = sub_if(hn::Lt(a, lo), hn::Sub(a, shift_right_32(a)), set(1));
  return add_if(hn::Lt(hi, b), hn::Sub(hi, b), set(Fp::kModulus));
}

#endif

// x[0], x[2], .. and x[1], x[3], ..
struct Pairs {
  V even, odd;
};
HWY_INLINE Pairs load_pairs(const Fp* x) {
#if HWY_TARGET == HWY_SCALAR
  return {load(x), load(x + 1)};
#else
  const V low = load(x);
  const V high = load(x + kLanes);
  return {hn::ConcatEven(D(), high, low), hn::ConcatOdd(D(), high, low)};
#endif
}

HWY_INLINE Fp sum_lanes(V x) {
  HWY_ALIGN Fp lanes[kLanes];
  hn::Store(x, D(), words(lanes));
  Fp total;
  for (const Fp& lane : lanes) total += lane;
  return total;
}

}  // namespace HWY_NAMESPACE
}  // namespace zkinfer
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
