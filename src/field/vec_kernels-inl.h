// SPDX-License-Identifier: Apache-2.0
// The loops of field/vec.h, per instruction set like field/simd-inl.h.
#if defined(ZKINFER_FIELD_VEC_KERNELS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ZKINFER_FIELD_VEC_KERNELS_INL_H_
#undef ZKINFER_FIELD_VEC_KERNELS_INL_H_
#else
#define ZKINFER_FIELD_VEC_KERNELS_INL_H_
#endif

#include "field/simd_ext-inl.h"

HWY_BEFORE_NAMESPACE();
namespace zkinfer {
namespace HWY_NAMESPACE {
namespace {

// Loop bodies: `auto io` reads and writes whole vectors or the first lanes of the last one.
void AddF(const Fp* a, const Fp* b, Fp* out, std::size_t size) {
  for_vectors(size, [=](std::size_t i, auto io) HWY_ATTR { io.store(add(io.load(a + i), io.load(b + i)), out + i); });
}
void SubF(const Fp* a, const Fp* b, Fp* out, std::size_t size) {
  for_vectors(size, [=](std::size_t i, auto io) HWY_ATTR { io.store(sub(io.load(a + i), io.load(b + i)), out + i); });
}
void MulF(const Fp* a, const Fp* b, Fp* out, std::size_t size) {
  for_vectors(size, [=](std::size_t i, auto io) HWY_ATTR { io.store(mul(io.load(a + i), io.load(b + i)), out + i); });
}
void ScaleF(Fp a, const Fp* x, Fp* out, std::size_t size) {
  const Constant va = constant(a);
  for_vectors(size, [=](std::size_t i, auto io) HWY_ATTR { io.store(mul(va, io.load(x + i)), out + i); });
}
void AxpyF(Fp a, const Fp* x, Fp* y, std::size_t size) {
  const Constant va = constant(a);
  for_vectors(size,
              [=](std::size_t i, auto io) HWY_ATTR { io.store(add(io.load(y + i), mul(va, io.load(x + i))), y + i); });
}

// Small integers, |x| < 2^31: a plain loop, which the compiler turns into vectors of this target.
template <class T>
HWY_ATTR void FromInts(const std::uint8_t* in, Fp* out, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    T x;
    std::memcpy(&x, in + i * sizeof(T), sizeof(T));
    const auto wide = static_cast<std::int64_t>(x);
    out[i] = Fp(static_cast<std::uint64_t>(wide) + (static_cast<std::uint64_t>(wide >> 63) & Fp::kModulus));
  }
}
void FromInts8(const std::uint8_t* in, Fp* out, std::size_t size) { FromInts<std::int8_t>(in, out, size); }
void FromInts16(const std::uint8_t* in, Fp* out, std::size_t size) { FromInts<std::int16_t>(in, out, size); }
void FromInts32(const std::uint8_t* in, Fp* out, std::size_t size) { FromInts<std::int32_t>(in, out, size); }

HWY_INLINE std::int64_t ToInt(Fp x) {
  return static_cast<std::int64_t>(x.v - (x.v > Fp::kModulus / 2 ? Fp::kModulus : 0));
}
void IntRange(const Fp* x, std::size_t size, std::int64_t* range) {
  std::int64_t lo = 0, hi = 0;
  if (size != 0) lo = hi = ToInt(x[0]);
  for (std::size_t i = 0; i < size; ++i) {
    const std::int64_t value = ToInt(x[i]);
    lo = value < lo ? value : lo;
    hi = value > hi ? value : hi;
  }
  range[0] = lo;
  range[1] = hi;
}
template <class T>
HWY_ATTR void ToInts(const Fp* x, std::size_t size, std::uint8_t* out) {
  for (std::size_t i = 0; i < size; ++i) {
    const T value = static_cast<T>(ToInt(x[i]));
    std::memcpy(out + i * sizeof(T), &value, sizeof(T));
  }
}
void ToInts8(const Fp* x, std::size_t size, std::uint8_t* out) { ToInts<std::int8_t>(x, size, out); }
void ToInts16(const Fp* x, std::size_t size, std::uint8_t* out) { ToInts<std::int16_t>(x, size, out); }
void ToInts32(const Fp* x, std::size_t size, std::uint8_t* out) { ToInts<std::int32_t>(x, size, out); }

void MulK(const FeCSpan& a, const FeCSpan& b, const FeSpan& out) {
  for_vectors(out.size, [&](std::size_t i, auto io)
                            HWY_ATTR { store_fe(io, mul(load_fe(io, a, i), load_fe(io, b, i)), out, i); });
}
void MulAddK(const FeCSpan& a, const FeCSpan& b, const FeSpan& y) {
  for_vectors(y.size, [&](std::size_t i, auto io) HWY_ATTR {
    store_fe(io, add(load_fe(io, y, i), mul(load_fe(io, a, i), load_fe(io, b, i))), y, i);
  });
}
void MulAddFK(const Fp* a, const FeCSpan& b, const FeSpan& y) {
  for_vectors(y.size, [&](std::size_t i, auto io) HWY_ATTR {
    store_fe(io, add(load_fe(io, y, i), scale(io.load(a + i), load_fe(io, b, i))), y, i);
  });
}
void ScaleK(const Fe& a, const FeCSpan& x, const FeSpan& out) {
  const FeV va = set_fe(a);
  for_vectors(out.size, [&](std::size_t i, auto io) HWY_ATTR { store_fe(io, mul(va, load_fe(io, x, i)), out, i); });
}
void AxpyK(const Fe& a, const FeCSpan& x, const FeSpan& y) {
  const FeV va = set_fe(a);
  for_vectors(y.size, [&](std::size_t i, auto io)
                          HWY_ATTR { store_fe(io, add(load_fe(io, y, i), mul(va, load_fe(io, x, i))), y, i); });
}
void AxpyFK(const Fe& a, const Fp* x, const FeSpan& y) {
  const FeConstant va = constant(a);
  for_vectors(y.size, [&](std::size_t i, auto io)
                          HWY_ATTR { store_fe(io, add(load_fe(io, y, i), mul(va, io.load(x + i))), y, i); });
}
void AffineFK(const Fe& a, const Fe& b, const Fp* x, const FeSpan& out) {
  const FeConstant va = constant(a);
  const FeV vb = set_fe(b);
  for_vectors(out.size,
              [&](std::size_t i, auto io) HWY_ATTR { store_fe(io, add(vb, mul(va, io.load(x + i))), out, i); });
}
void AddScalarK(const Fe& a, const FeSpan& y) {
  const FeV va = set_fe(a);
  for_vectors(y.size, [&](std::size_t i, auto io) HWY_ATTR { store_fe(io, add(va, load_fe(io, y, i)), y, i); });
}

void FoldHighK(const FeCSpan& v, const Fe& r, const FeSpan& out) {
  const FeV vr = set_fe(r);
  const std::size_t half = out.size;
  for_vectors(half, [&](std::size_t i, auto io) HWY_ATTR {
    const FeV low = load_fe(io, v, i);
    store_fe(io, add(low, mul(vr, sub(load_fe(io, v, i + half), low))), out, i);
  });
}
void FoldHighF(const Fp* v, const Fe& r, const FeSpan& out) {
  const FeConstant vr = constant(r);
  const std::size_t half = out.size;
  for_vectors(half, [&](std::size_t i, auto io) HWY_ATTR {
    const V low = io.load(v + i);
    FeV folded = mul(vr, sub(io.load(v + i + half), low));
    folded.c0 = add(folded.c0, low);
    store_fe(io, folded, out, i);
  });
}
void FoldLowK(const FeCSpan& v, const Fe& r, const FeSpan& out) {
  const FeV vr = set_fe(r);
  std::size_t i = 0;
  for (; i + kLanes <= out.size; i += kLanes) {
    const Pairs p0 = load_pairs(v.c[0] + 2 * i), p1 = load_pairs(v.c[1] + 2 * i), p2 = load_pairs(v.c[2] + 2 * i);
    const FeV even{p0.even, p1.even, p2.even};
    const FeV odd{p0.odd, p1.odd, p2.odd};
    store_fe(WholeIo(), add(even, mul(vr, sub(odd, even))), out, i);
  }
  for (; i < out.size; ++i) out.set(i, v.get(2 * i) + r * (v.get(2 * i + 1) - v.get(2 * i)));
}
void FoldLowF(const Fp* v, const Fe& r, const FeSpan& out) {
  const FeConstant vr = constant(r);
  std::size_t i = 0;
  for (; i + kLanes <= out.size; i += kLanes) {
    const Pairs pairs = load_pairs(v + 2 * i);
    FeV folded = mul(vr, sub(pairs.odd, pairs.even));
    folded.c0 = add(folded.c0, pairs.even);
    store_fe(WholeIo(), folded, out, i);
  }
  for (; i < out.size; ++i) out.set(i, Fe(v[2 * i]) + r * (v[2 * i + 1] - v[2 * i]));
}

Fp SumF(const Fp* x, std::size_t size) {
  V total = set(0);
  for_vectors(size, [&](std::size_t i, auto io) HWY_ATTR { total = add(total, io.load(x + i)); });
  return sum_lanes(total);
}
Fp DotF(const Fp* a, const Fp* b, std::size_t size) {
  // Independent sums, as each one waits for its last product.
  constexpr std::size_t kSums = 4;
  V total = set(0);
  for (std::size_t begin = 0; begin < size; begin += kSums * kMaxProducts * kLanes) {
    const std::size_t end = HWY_MIN(size, begin + kSums * kMaxProducts * kLanes);
    Sum sums[kSums];
    std::size_t i = begin;
    for (; i + kSums * kLanes <= end; i += kSums * kLanes) {
      for (std::size_t k = 0; k < kSums; ++k) {
        sums[k].add_product(factor(load(a + i + k * kLanes)), factor(load(b + i + k * kLanes)));
      }
    }
    for (const Sum& sum : sums) total = add(total, sum.value());
    for_vectors(end - i, [&](std::size_t j, auto io)
                             HWY_ATTR { total = add(total, mul(io.load(a + i + j), io.load(b + i + j))); });
  }
  return sum_lanes(total);
}

constexpr std::size_t kMaxFeLanes = FeSum::kMaxTerms * kLanes;

Fe DotFK(const Fp* a, const FeCSpan& b) {
  FeV total = set_fe(Fe());
  for (std::size_t begin = 0; begin < b.size; begin += kMaxFeLanes) {
    FeSum sum;
    for_vectors(HWY_MIN(b.size - begin, kMaxFeLanes), [&](std::size_t i, auto io) HWY_ATTR {
      sum.add_product(factor(io.load(a + begin + i)), factor(load_fe(io, b, begin + i)));
    });
    total = add(total, sum.value());
  }
  return sum_lanes(total);
}
Fe DotK(const FeCSpan& a, const FeCSpan& b) {
  FeV total = set_fe(Fe());
  for (std::size_t begin = 0; begin < b.size; begin += kMaxFeLanes) {
    FeSum sum;
    for_vectors(HWY_MIN(b.size - begin, kMaxFeLanes), [&](std::size_t i, auto io) HWY_ATTR {
      sum.add_product(factor(load_fe(io, a, begin + i)), factor(load_fe(io, b, begin + i)));
    });
    total = add(total, sum.value());
  }
  return sum_lanes(total);
}

void RoundProductK(const FeCSpan& a, const FeCSpan& b, Fe* out) {
  FeV total0 = set_fe(Fe()), total1 = total0;
  const std::size_t half = a.size / 2;
  for (std::size_t begin = 0; begin < half; begin += kMaxFeLanes) {
    FeSum at_zero, at_infinity;
    for_vectors(HWY_MIN(half - begin, kMaxFeLanes), [&](std::size_t j, auto io) HWY_ATTR {
      const std::size_t i = begin + j;
      const FeV a0 = load_fe(io, a, i), b0 = load_fe(io, b, i);
      at_zero.add_product(factor(a0), factor(b0));
      at_infinity.add_product(factor(sub(load_fe(io, a, i + half), a0)), factor(sub(load_fe(io, b, i + half), b0)));
    });
    total0 = add(total0, at_zero.value());
    total1 = add(total1, at_infinity.value());
  }
  out[0] = sum_lanes(total0);
  out[1] = sum_lanes(total1);
}
void RoundProductFK(const Fp* a, const FeCSpan& b, Fe* out) {
  FeV total0 = set_fe(Fe()), total1 = total0;
  const std::size_t half = b.size / 2;
  for (std::size_t begin = 0; begin < half; begin += kMaxFeLanes) {
    FeSum at_zero, at_infinity;
    for_vectors(HWY_MIN(half - begin, kMaxFeLanes), [&](std::size_t j, auto io) HWY_ATTR {
      const std::size_t i = begin + j;
      const V a0 = io.load(a + i);
      const FeV b0 = load_fe(io, b, i);
      at_zero.add_product(factor(a0), factor(b0));
      at_infinity.add_product(factor(sub(io.load(a + i + half), a0)), factor(sub(load_fe(io, b, i + half), b0)));
    });
    total0 = add(total0, at_zero.value());
    total1 = add(total1, at_infinity.value());
  }
  out[0] = sum_lanes(total0);
  out[1] = sum_lanes(total1);
}
// The three points in three loops over a tile, so that each loop's sums stay in registers.
void RoundProduct3K(const FeCSpan& a, const FeCSpan& b, const FeCSpan& c, Fe* out) {
  FeV totals[3] = {set_fe(Fe()), set_fe(Fe()), set_fe(Fe())};
  const std::size_t half = a.size / 2;
  for (std::size_t begin = 0; begin < half; begin += kMaxFeLanes) {
    const std::size_t count = HWY_MIN(half - begin, kMaxFeLanes);
    FeSum at_zero, at_minus_one, at_infinity;
    for_vectors(count, [&](std::size_t j, auto io) HWY_ATTR {
      const std::size_t i = begin + j;
      at_zero.add_product(factor(mul(load_fe(io, a, i), load_fe(io, b, i))), factor(load_fe(io, c, i)));
    });
    totals[0] = add(totals[0], at_zero.value());
    for_vectors(count, [&](std::size_t j, auto io) HWY_ATTR {
      const std::size_t i = begin + j;
      const auto at = [&](const FeCSpan& x) HWY_ATTR {
        const FeV low = load_fe(io, x, i);
        return add(low, sub(low, load_fe(io, x, i + half)));
      };
      at_minus_one.add_product(factor(mul(at(a), at(b))), factor(at(c)));
    });
    totals[1] = add(totals[1], at_minus_one.value());
    for_vectors(count, [&](std::size_t j, auto io) HWY_ATTR {
      const std::size_t i = begin + j;
      const auto slope = [&](const FeCSpan& x) HWY_ATTR { return sub(load_fe(io, x, i + half), load_fe(io, x, i)); };
      at_infinity.add_product(factor(mul(slope(a), slope(b))), factor(slope(c)));
    });
    totals[2] = add(totals[2], at_infinity.value());
  }
  for (int point = 0; point < 3; ++point) out[point] = sum_lanes(totals[point]);
}

// Montgomery's trick in kChains interleaved chains: chain j runs through x[j], x[j + kChains], ..; size is a multiple of
// kChains. prefix[i] = the product of the nonzero values before x[i] in its chain.
constexpr std::size_t kVectorsPerStep = 8;
constexpr std::size_t kChains = kVectorsPerStep * kLanes;

HWY_INLINE V one_for_zero(V x) { return hn::IfThenElse(hn::Eq(x, set(0)), set(1), x); }

void BatchInverseF(Fp* x, Fp* prefix, std::size_t size) {
  V products[kVectorsPerStep];
  for (V& product : products) product = set(1);
  for (std::size_t i = 0; i < size; i += kChains) {
    for (std::size_t k = 0; k < kVectorsPerStep; ++k) {
      store(products[k], prefix + i + k * kLanes);
      products[k] = mul(products[k], one_for_zero(load(x + i + k * kLanes)));
    }
  }
  HWY_ALIGN Fp inverses[kChains];
  for (std::size_t k = 0; k < kVectorsPerStep; ++k) store(products[k], inverses + k * kLanes);
  Fp before[kChains];
  Fp all(1);
  for (std::size_t j = 0; j < kChains; ++j) {
    before[j] = all;
    all *= inverses[j];
  }
  Fp rest = inverse(all);
  for (std::size_t j = kChains; j-- > 0;) {
    const Fp next = rest * inverses[j];
    inverses[j] = rest * before[j];
    rest = next;
  }
  for (std::size_t k = 0; k < kVectorsPerStep; ++k) products[k] = load(inverses + k * kLanes);
  for (std::size_t i = size; i != 0;) {
    i -= kChains;
    for (std::size_t k = 0; k < kVectorsPerStep; ++k) {
      Fp* at = x + i + k * kLanes;
      const V value = load(at);
      const V inverse_value = mul(products[k], load(prefix + i + k * kLanes));
      products[k] = mul(products[k], one_for_zero(value));
      store(hn::IfThenElse(hn::Eq(value, set(0)), set(0), inverse_value), at);
    }
  }
}
std::size_t BatchInverseChains() { return kChains; }

// x[i] becomes its adjugate, and norms[i] its norm: see inverse in field/fe.h.
void AdjugateK(const FeSpan& x, Fp* norms) {
  for_vectors(x.size, [&](std::size_t i, auto io) HWY_ATTR {
    const FeV a = load_fe(io, x, i);
    const V a1_twice = add(a.c1, a.c1), a2_twice = add(a.c2, a.c2);
    const FeV adjugate{sub(mul(a.c0, a.c0), mul(a1_twice, a.c2)), sub(mul(a2_twice, a.c2), mul(a.c0, a.c1)),
                       sub(mul(a.c1, a.c1), mul(a.c0, a.c2))};
    Sum norm;
    norm.add_product(factor(a.c0), factor(adjugate.c0));
    norm.add_product(factor(a1_twice), factor(adjugate.c2));
    norm.add_product(factor(a2_twice), factor(adjugate.c1));
    io.store(norm.value(), norms + i);
    store_fe(io, adjugate, x, i);
  });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace zkinfer
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
