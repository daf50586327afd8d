// SPDX-License-Identifier: Apache-2.0
#include "field/vec.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "field/narrow.h"
#include "field/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "field/vec_kernels.cc"
#include "hwy/foreach_target.h"
// Highway asks for its header after the loop header.
#include "field/simd_dispatch.h"
#include "field/vec_kernels-inl.h"

#if HWY_ONCE
namespace zkinfer {
namespace {

ZKI_SIMD_EXPORT(AddF);
ZKI_SIMD_EXPORT(SubF);
ZKI_SIMD_EXPORT(MulF);
ZKI_SIMD_EXPORT(ScaleF);
ZKI_SIMD_EXPORT(AxpyF);
ZKI_SIMD_EXPORT(FromInts8);
ZKI_SIMD_EXPORT(FromInts16);
ZKI_SIMD_EXPORT(FromInts32);
ZKI_SIMD_EXPORT(IntRange);
ZKI_SIMD_EXPORT(ToInts8);
ZKI_SIMD_EXPORT(ToInts16);
ZKI_SIMD_EXPORT(ToInts32);
ZKI_SIMD_EXPORT(MulK);
ZKI_SIMD_EXPORT(MulAddK);
ZKI_SIMD_EXPORT(MulAddFK);
ZKI_SIMD_EXPORT(ScaleK);
ZKI_SIMD_EXPORT(AxpyK);
ZKI_SIMD_EXPORT(AxpyFK);
ZKI_SIMD_EXPORT(AffineFK);
ZKI_SIMD_EXPORT(AddScalarK);
ZKI_SIMD_EXPORT(FoldHighK);
ZKI_SIMD_EXPORT(FoldHighF);
ZKI_SIMD_EXPORT(FoldLowK);
ZKI_SIMD_EXPORT(FoldLowF);
ZKI_SIMD_EXPORT(SumF);
ZKI_SIMD_EXPORT(DotF);
ZKI_SIMD_EXPORT(DotFK);
ZKI_SIMD_EXPORT(DotK);
ZKI_SIMD_EXPORT(RoundProductK);
ZKI_SIMD_EXPORT(RoundProductFK);
ZKI_SIMD_EXPORT(RoundProduct3K);
ZKI_SIMD_EXPORT(BatchInverseF);
ZKI_SIMD_EXPORT(BatchInverseChains);
ZKI_SIMD_EXPORT(AdjugateK);

// Elements that share one inversion.
constexpr std::size_t kInverseBatch = 4096;

void check_sizes(std::size_t a, std::size_t b) { ZKI_CHECK_EQ(a, b, "vector length"); }
void check_sizes(std::size_t a, std::size_t b, std::size_t c) {
  check_sizes(a, c);
  check_sizes(b, c);
}

}  // namespace

namespace vec {

void from_ints(const IntSpan& x, FpSpan out) {
  check_sizes(x.size, out.size());
  switch (x.width) {
    case 1: return ZKI_SIMD_CALL(FromInts8)(x.data, out.data(), out.size());
    case 2: return ZKI_SIMD_CALL(FromInts16)(x.data, out.data(), out.size());
    default: return ZKI_SIMD_CALL(FromInts32)(x.data, out.data(), out.size());
  }
}

std::pair<std::int64_t, std::int64_t> int_range(FpCSpan x) {
  std::int64_t range[2];
  ZKI_SIMD_CALL(IntRange)(x.data(), x.size(), range);
  return {range[0], range[1]};
}
void to_ints(FpCSpan x, std::uint8_t width, std::uint8_t* out) {
  switch (width) {
    case 1: return ZKI_SIMD_CALL(ToInts8)(x.data(), x.size(), out);
    case 2: return ZKI_SIMD_CALL(ToInts16)(x.data(), x.size(), out);
    default: return ZKI_SIMD_CALL(ToInts32)(x.data(), x.size(), out);
  }
}

void add(FpCSpan a, FpCSpan b, FpSpan out) {
  check_sizes(a.size(), b.size(), out.size());
  ZKI_SIMD_CALL(AddF)(a.data(), b.data(), out.data(), out.size());
}
void sub(FpCSpan a, FpCSpan b, FpSpan out) {
  check_sizes(a.size(), b.size(), out.size());
  ZKI_SIMD_CALL(SubF)(a.data(), b.data(), out.data(), out.size());
}
void mul(FpCSpan a, FpCSpan b, FpSpan out) {
  check_sizes(a.size(), b.size(), out.size());
  ZKI_SIMD_CALL(MulF)(a.data(), b.data(), out.data(), out.size());
}
void scale(Fp a, FpCSpan x, FpSpan out) {
  check_sizes(x.size(), out.size());
  ZKI_SIMD_CALL(ScaleF)(a, x.data(), out.data(), out.size());
}
void axpy(Fp a, FpCSpan x, FpSpan y) {
  check_sizes(x.size(), y.size());
  ZKI_SIMD_CALL(AxpyF)(a, x.data(), y.data(), y.size());
}

void add(FeCSpan a, FeCSpan b, FeSpan out) {
  for (int j = 0; j < 3; ++j) add(a.plane(j), b.plane(j), out.plane(j));
}
void sub(FeCSpan a, FeCSpan b, FeSpan out) {
  for (int j = 0; j < 3; ++j) sub(a.plane(j), b.plane(j), out.plane(j));
}
void mul(FpCSpan a, FeCSpan b, FeSpan out) {
  for (int j = 0; j < 3; ++j) mul(a, b.plane(j), out.plane(j));
}
void scale(Fp a, FeCSpan x, FeSpan out) {
  for (int j = 0; j < 3; ++j) scale(a, x.plane(j), out.plane(j));
}
void scale(Fe a, FpCSpan x, FeSpan out) {
  for (int j = 0; j < 3; ++j) scale(a.c[static_cast<std::size_t>(j)], x, out.plane(j));
}
void mul(FeCSpan a, FeCSpan b, FeSpan out) {
  check_sizes(a.size, b.size, out.size);
  ZKI_SIMD_CALL(MulK)(a, b, out);
}
void mul_add(FeCSpan a, FeCSpan b, FeSpan y) {
  check_sizes(a.size, b.size, y.size);
  ZKI_SIMD_CALL(MulAddK)(a, b, y);
}
void mul_add(FpCSpan a, FeCSpan b, FeSpan y) {
  check_sizes(a.size(), b.size, y.size);
  ZKI_SIMD_CALL(MulAddFK)(a.data(), b, y);
}
void scale(Fe a, FeCSpan x, FeSpan out) {
  check_sizes(x.size, out.size);
  ZKI_SIMD_CALL(ScaleK)(a, x, out);
}
void axpy(Fe a, FeCSpan x, FeSpan y) {
  check_sizes(x.size, y.size);
  ZKI_SIMD_CALL(AxpyK)(a, x, y);
}
void axpy(Fe a, FpCSpan x, FeSpan y) {
  check_sizes(x.size(), y.size);
  ZKI_SIMD_CALL(AxpyFK)(a, x.data(), y);
}
void add_scalar(Fe a, FeSpan y) { ZKI_SIMD_CALL(AddScalarK)(a, y); }
void affine(Fe a, Fe b, FpCSpan x, FeSpan out) {
  check_sizes(x.size(), out.size);
  ZKI_SIMD_CALL(AffineFK)(a, b, x.data(), out);
}

void fold_high(FeCSpan v, Fe r, FeSpan out) {
  check_sizes(v.size, 2 * out.size);
  ZKI_SIMD_CALL(FoldHighK)(v, r, out);
}
void fold_high(FpCSpan v, Fe r, FeSpan out) {
  check_sizes(v.size(), 2 * out.size);
  ZKI_SIMD_CALL(FoldHighF)(v.data(), r, out);
}
void fold_low(FeCSpan v, Fe r, FeSpan out) {
  check_sizes(v.size, 2 * out.size);
  ZKI_SIMD_CALL(FoldLowK)(v, r, out);
}
void fold_low(FpCSpan v, Fe r, FeSpan out) {
  check_sizes(v.size(), 2 * out.size);
  ZKI_SIMD_CALL(FoldLowF)(v.data(), r, out);
}

Fp sum(FpCSpan x) { return ZKI_SIMD_CALL(SumF)(x.data(), x.size()); }
Fe sum(FeCSpan x) { return {sum(x.plane(0)), sum(x.plane(1)), sum(x.plane(2))}; }
Fp dot(FpCSpan a, FpCSpan b) {
  check_sizes(a.size(), b.size());
  return ZKI_SIMD_CALL(DotF)(a.data(), b.data(), a.size());
}
Fe dot(FpCSpan a, FeCSpan b) {
  check_sizes(a.size(), b.size);
  return ZKI_SIMD_CALL(DotFK)(a.data(), b);
}
Fe dot(FeCSpan a, FeCSpan b) {
  check_sizes(a.size, b.size);
  return ZKI_SIMD_CALL(DotK)(a, b);
}

std::array<Fe, 2> round_product(FeCSpan a, FeCSpan b) {
  check_sizes(a.size, b.size);
  ZKI_CHECK(a.size % 2 == 0, "a round needs an even length");
  std::array<Fe, 2> values;
  ZKI_SIMD_CALL(RoundProductK)(a, b, values.data());
  return values;
}
std::array<Fe, 2> round_product(FpCSpan a, FeCSpan b) {
  check_sizes(a.size(), b.size);
  ZKI_CHECK(b.size % 2 == 0, "a round needs an even length");
  std::array<Fe, 2> values;
  ZKI_SIMD_CALL(RoundProductFK)(a.data(), b, values.data());
  return values;
}
std::array<Fe, 3> round_product(FeCSpan a, FeCSpan b, FeCSpan c) {
  check_sizes(a.size, b.size, c.size);
  ZKI_CHECK(a.size % 2 == 0, "a round needs an even length");
  std::array<Fe, 3> values;
  ZKI_SIMD_CALL(RoundProduct3K)(a, b, c, values.data());
  return values;
}

void batch_inverse(FpSpan x) {
  const std::size_t num_chains = ZKI_SIMD_CALL(BatchInverseChains)();
  std::vector<Fp> prefix(x.size() < kInverseBatch ? x.size() : kInverseBatch);
  std::vector<Fp> last(num_chains);
  while (!x.empty()) {
    const std::size_t count = x.size() < kInverseBatch ? x.size() / num_chains * num_chains : kInverseBatch;
    if (count != 0) ZKI_SIMD_CALL(BatchInverseF)(x.data(), prefix.data(), count);
    x = x.subspan(count);
    if (x.size() >= num_chains) continue;
    // Fewer values than chains: filled up with zeros.
    prefix.resize(num_chains);
    std::copy(x.begin(), x.end(), last.begin());
    ZKI_SIMD_CALL(BatchInverseF)(last.data(), prefix.data(), num_chains);
    std::copy_n(last.begin(), x.size(), x.begin());
    return;
  }
}

// Through the norm: one inversion in F for many elements.
void batch_inverse(FeSpan x) {
  std::vector<Fp> norms(x.size < kInverseBatch ? x.size : kInverseBatch);
  for (std::size_t begin = 0; begin < x.size; begin += kInverseBatch) {
    const std::size_t count = x.size - begin < kInverseBatch ? x.size - begin : kInverseBatch;
    const FeSpan part = x.subspan(begin, count);
    const FpSpan part_norms = FpSpan(norms).first(count);
    ZKI_SIMD_CALL(AdjugateK)(part, part_norms.data());
    batch_inverse(part_norms);
    mul(FpCSpan(part_norms), part, part);
  }
}

}  // namespace vec
}  // namespace zkinfer
#endif  // HWY_ONCE
