// SPDX-License-Identifier: Apache-2.0
// Vectors over K stored as three planes of F (structure of arrays), and the vector kernels of the prover.
//
// Kernels run on the calling thread, use the widest instruction set the processor has, and give the same values on
// every instruction set: all results are canonical. Callers split work with base/parallel.h.
// Shapes: all spans of one call have the same length unless stated; checked on entry. An output may be the same span as
// an input, but must not overlap it in another way.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "base/int_span.h"
#include "field/buffer.h"
#include "field/fe.h"
#include "field/fp.h"

namespace zkinfer {

// num_values elements of K; coefficient j of element i is c[j][i].
struct FeSpan {
  Fp* c[3] = {nullptr, nullptr, nullptr};
  std::size_t size = 0;

  Fe get(std::size_t i) const { return {c[0][i], c[1][i], c[2][i]}; }
  void set(std::size_t i, const Fe& x) const {
    c[0][i] = x.c[0];
    c[1][i] = x.c[1];
    c[2][i] = x.c[2];
  }
  FpSpan plane(int j) const { return {c[j], size}; }
  // offset + count <= size.
  FeSpan subspan(std::size_t offset, std::size_t count) const {
    return {{c[0] + offset, c[1] + offset, c[2] + offset}, count};
  }
};

struct FeCSpan {
  const Fp* c[3] = {nullptr, nullptr, nullptr};
  std::size_t size = 0;

  FeCSpan() = default;
  FeCSpan(const Fp* c0, const Fp* c1, const Fp* c2, std::size_t num_values) : c{c0, c1, c2}, size(num_values) {}
  FeCSpan(const FeSpan& x) : c{x.c[0], x.c[1], x.c[2]}, size(x.size) {}  // NOLINT: adds const
  Fe get(std::size_t i) const { return {c[0][i], c[1][i], c[2][i]}; }
  FpCSpan plane(int j) const { return {c[j], size}; }
  FeCSpan subspan(std::size_t offset, std::size_t count) const {
    return {c[0] + offset, c[1] + offset, c[2] + offset, count};
  }
};

// Owns three 64-byte aligned planes; zeros on construction, unless unset, and on growth.
class FeVec {
 public:
  FeVec() = default;
  explicit FeVec(std::size_t num_values, Contents contents = Contents::kZeros);
  explicit FeVec(std::span<const Fe> values);

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Keeps the first min(old, new) elements. Shrinking keeps the memory.
  void resize(std::size_t num_values);
  Fp* plane(int j) { return planes_.data() + static_cast<std::size_t>(j) * stride_; }
  const Fp* plane(int j) const { return planes_.data() + static_cast<std::size_t>(j) * stride_; }
  Fe get(std::size_t i) const { return {plane(0)[i], plane(1)[i], plane(2)[i]}; }
  void set(std::size_t i, const Fe& x) { span().set(i, x); }
  FeSpan span() { return {{plane(0), plane(1), plane(2)}, size_}; }
  FeCSpan span() const { return {plane(0), plane(1), plane(2), size_}; }
  FeSpan subspan(std::size_t offset, std::size_t count) { return span().subspan(offset, count); }
  FeCSpan subspan(std::size_t offset, std::size_t count) const { return span().subspan(offset, count); }
  operator FeSpan() { return span(); }         // NOLINT: a vector is passed where its span is asked for
  operator FeCSpan() const { return span(); }  // NOLINT
  std::vector<Fe> to_vector() const;

 private:
  FpVec planes_;
  std::size_t stride_ = 0;  // values between two planes
  std::size_t size_ = 0;
};

namespace vec {

// ---- small integers into F: out[i] = x[i]
void from_ints(const IntSpan& x, FpSpan out);

// ---- elementwise over F: out[i] = a[i] op b[i]
void add(FpCSpan a, FpCSpan b, FpSpan out);
void sub(FpCSpan a, FpCSpan b, FpSpan out);
void mul(FpCSpan a, FpCSpan b, FpSpan out);
void scale(Fp a, FpCSpan x, FpSpan out);  // a x[i]
void axpy(Fp a, FpCSpan x, FpSpan y);     // y[i] += a x[i]

// ---- elementwise over K
void add(FeCSpan a, FeCSpan b, FeSpan out);
void sub(FeCSpan a, FeCSpan b, FeSpan out);
void mul(FeCSpan a, FeCSpan b, FeSpan out);
void mul(FpCSpan a, FeCSpan b, FeSpan out);
void mul_add(FeCSpan a, FeCSpan b, FeSpan y);  // y[i] += a[i] b[i]
void mul_add(FpCSpan a, FeCSpan b, FeSpan y);
void scale(Fe a, FeCSpan x, FeSpan out);
void scale(Fe a, FpCSpan x, FeSpan out);
void scale(Fp a, FeCSpan x, FeSpan out);
void axpy(Fe a, FeCSpan x, FeSpan y);  // y[i] += a x[i]
void axpy(Fe a, FpCSpan x, FeSpan y);
void add_scalar(Fe a, FeSpan y);                 // y[i] += a
void affine(Fe a, Fe b, FpCSpan x, FeSpan out);  // a x[i] + b
void lift(FpCSpan x, FeSpan out);                // F into K
void fill(Fe a, FeSpan out);

// ---- binding one variable of a multilinear table, h = size / 2, size even:
// high: out[i] = v[i] + r (v[i + h] - v[i]);  low: out[i] = v[2i] + r (v[2i + 1] - v[2i]).
// The one-span forms write the first half of v. `out` has h elements and may be the first half of v.
void fold_high(FeSpan v, Fe r);
void fold_high(FeCSpan v, Fe r, FeSpan out);
void fold_high(FpCSpan v, Fe r, FeSpan out);
void fold_low(FeSpan v, Fe r);
void fold_low(FeCSpan v, Fe r, FeSpan out);
void fold_low(FpCSpan v, Fe r, FeSpan out);

// ---- reductions
Fp sum(FpCSpan x);
Fe sum(FeCSpan x);
Fp dot(FpCSpan a, FpCSpan b);
Fe dot(FpCSpan a, FeCSpan b);
Fe dot(FeCSpan a, FeCSpan b);

// ---- one sumcheck round (high variable bound first), sizes even, h = size / 2. With v(X) = v[i] + X (v[i+h] - v[i]):
// product of two: {s(0), s(inf)}, s(inf) = the coefficient of X^2;
// product of three: {s(0), s(-1), s(inf)}, s(inf) = the coefficient of X^3. s(1) follows from the claim.
std::array<Fe, 2> round_product(FeCSpan a, FeCSpan b);
std::array<Fe, 2> round_product(FpCSpan a, FeCSpan b);
std::array<Fe, 3> round_product(FeCSpan a, FeCSpan b, FeCSpan c);

// ---- others
// out[i] = 1 / x[i], 0 for 0. Cost: three multiplications per element and one inversion.
void batch_inverse(FpSpan x);
void batch_inverse(FeSpan x);
// out[i] = a z^i.
void powers(Fp a, Fp z, FpSpan out);
void powers(Fe a, Fe z, FeSpan out);
// out[x] = scale prod_i (x_i ? point[i] : 1 - point[i]); point[0] belongs to the most significant bit of x; out.size =
// 2^point.size().
void eq_table(std::span<const Fe> point, FeSpan out, Fe scale = Fe::one());

}  // namespace vec
}  // namespace zkinfer
