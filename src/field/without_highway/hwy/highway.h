// SPDX-License-Identifier: Apache-2.0
// Stands in for Google Highway where it is not installed (the WebAssembly build, for one): the operations that our code
// uses, on vectors of one lane, under the names and for the one target HWY_SCALAR that Highway itself has for plain C++.
#pragma once

#include <cstddef>
#include <cstdint>

#define HWY_SCALAR (1LL << 62)
#define HWY_AVX2 (1LL << 9)
#define HWY_AVX3 (1LL << 8)
#define HWY_AVX3_DL (1LL << 7)
#define HWY_TARGET HWY_SCALAR
#define HWY_TARGETS HWY_SCALAR
#define HWY_NAMESPACE N_SCALAR
#define HWY_ONCE 1
#define HWY_BEFORE_NAMESPACE() static_assert(true, "")
#define HWY_AFTER_NAMESPACE() static_assert(true, "")
#define HWY_ATTR
#define HWY_INLINE inline
#define HWY_NOINLINE
#define HWY_ALIGN alignas(8)
#define HWY_LANES(T) (8 / sizeof(T))
#define HWY_MIN(a, b) ((a) < (b) ? (a) : (b))
#define HWY_STATIC_DISPATCH(name) N_SCALAR::name
#define HWY_CHOOSE_AVX3_DL(name) nullptr
#define HWY_CHOOSE_AVX3(name) nullptr
#define HWY_CHOOSE_AVX2(name) nullptr
#define HWY_CHOOSE_FALLBACK(name) &N_SCALAR::name

namespace hwy {

namespace N_SCALAR {

template <class T>
struct ScalableTag {};
struct Vector {
  std::uint64_t raw;
};
struct LaneMask {
  bool bit;
};
template <class D>
using Vec = Vector;
template <class D>
using Mask = LaneMask;
using Tag = ScalableTag<std::uint64_t>;

inline Vector Zero(Tag) { return {0}; }
inline Vector Set(Tag, std::uint64_t x) { return {x}; }
inline std::uint64_t GetLane(Vector v) { return v.raw; }
inline Vector Load(Tag, const std::uint64_t* x) { return {*x}; }
inline Vector LoadU(Tag, const std::uint64_t* x) { return {*x}; }
inline void Store(Vector v, Tag, std::uint64_t* x) { *x = v.raw; }
inline void StoreU(Vector v, Tag, std::uint64_t* x) { *x = v.raw; }
inline LaneMask FirstN(Tag, std::size_t count) { return {count != 0}; }
inline Vector MaskedLoad(LaneMask mask, Tag, const std::uint64_t* x) { return {mask.bit ? *x : 0}; }
inline void BlendedStore(Vector v, LaneMask mask, Tag, std::uint64_t* x) {
  if (mask.bit) *x = v.raw;
}
inline LaneMask Eq(Vector a, Vector b) { return {a.raw == b.raw}; }
inline LaneMask Lt(Vector a, Vector b) { return {a.raw < b.raw}; }
inline LaneMask Or(LaneMask a, LaneMask b) { return {a.bit || b.bit}; }
inline Vector IfThenElse(LaneMask mask, Vector yes, Vector no) { return mask.bit ? yes : no; }
inline Vector Add(Vector a, Vector b) { return {a.raw + b.raw}; }
inline Vector Sub(Vector a, Vector b) { return {a.raw - b.raw}; }
inline Vector And(Vector a, Vector b) { return {a.raw & b.raw}; }
inline Vector Or(Vector a, Vector b) { return {a.raw | b.raw}; }
inline Vector Xor(Vector a, Vector b) { return {a.raw ^ b.raw}; }
inline Vector Xor3(Vector a, Vector b, Vector c) { return {a.raw ^ b.raw ^ c.raw}; }
inline Vector AndNot(Vector not_a, Vector b) { return {~not_a.raw & b.raw}; }
template <int kBits>
inline Vector ShiftLeft(Vector v) {
  return {v.raw << kBits};
}
template <int kBits>
inline Vector ShiftRight(Vector v) {
  return {v.raw >> kBits};
}
template <int kBits>
inline Vector RotateRight(Vector v) {
  return {v.raw >> kBits | v.raw << (64 - kBits)};
}

}  // namespace N_SCALAR
}  // namespace hwy
