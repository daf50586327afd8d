// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "field/vec.h"

namespace zkinfer::vec {
namespace {

void check_sizes(std::size_t a, std::size_t b) { ZKI_CHECK_EQ(a, b, "vector length"); }
void check_sizes(std::size_t a, std::size_t b, std::size_t c) {
  check_sizes(a, c);
  check_sizes(b, c);
}

}  // namespace

void add(FpCSpan a, FpCSpan b, FpSpan out) {
  check_sizes(a.size(), b.size(), out.size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = a[i] + b[i];
}
void sub(FpCSpan a, FpCSpan b, FpSpan out) {
  check_sizes(a.size(), b.size(), out.size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = a[i] - b[i];
}
void mul(FpCSpan a, FpCSpan b, FpSpan out) {
  check_sizes(a.size(), b.size(), out.size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = a[i] * b[i];
}
void scale(Fp a, FpCSpan x, FpSpan out) {
  check_sizes(x.size(), out.size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = a * x[i];
}
void axpy(Fp a, FpCSpan x, FpSpan y) {
  check_sizes(x.size(), y.size());
  for (std::size_t i = 0; i < y.size(); ++i) y[i] += a * x[i];
}

void add(FeCSpan a, FeCSpan b, FeSpan out) {
  for (int j = 0; j < 3; ++j) add(a.plane(j), b.plane(j), out.plane(j));
}
void sub(FeCSpan a, FeCSpan b, FeSpan out) {
  for (int j = 0; j < 3; ++j) sub(a.plane(j), b.plane(j), out.plane(j));
}
void mul(FeCSpan a, FeCSpan b, FeSpan out) {
  check_sizes(a.size, b.size, out.size);
  for (std::size_t i = 0; i < out.size; ++i) out.set(i, a.get(i) * b.get(i));
}
void mul(FpCSpan a, FeCSpan b, FeSpan out) {
  for (int j = 0; j < 3; ++j) mul(a, b.plane(j), out.plane(j));
}
void mul_add(FeCSpan a, FeCSpan b, FeSpan y) {
  check_sizes(a.size, b.size, y.size);
  for (std::size_t i = 0; i < y.size; ++i) y.set(i, y.get(i) + a.get(i) * b.get(i));
}
void mul_add(FpCSpan a, FeCSpan b, FeSpan y) {
  check_sizes(a.size(), b.size, y.size);
  for (std::size_t i = 0; i < y.size; ++i) y.set(i, y.get(i) + b.get(i) * a[i]);
}
void scale(Fe a, FeCSpan x, FeSpan out) {
  check_sizes(x.size, out.size);
  for (std::size_t i = 0; i < out.size; ++i) out.set(i, a * x.get(i));
}
void scale(Fe a, FpCSpan x, FeSpan out) {
  check_sizes(x.size(), out.size);
  for (std::size_t i = 0; i < out.size; ++i) out.set(i, a * x[i]);
}
void scale(Fp a, FeCSpan x, FeSpan out) {
  for (int j = 0; j < 3; ++j) scale(a, x.plane(j), out.plane(j));
}
void axpy(Fe a, FeCSpan x, FeSpan y) {
  check_sizes(x.size, y.size);
  for (std::size_t i = 0; i < y.size; ++i) y.set(i, y.get(i) + a * x.get(i));
}
void axpy(Fe a, FpCSpan x, FeSpan y) {
  for (int j = 0; j < 3; ++j) axpy(a.c[static_cast<std::size_t>(j)], x, y.plane(j));
}
void add_scalar(Fe a, FeSpan y) {
  for (std::size_t i = 0; i < y.size; ++i) y.set(i, y.get(i) + a);
}
void affine(Fe a, Fe b, FpCSpan x, FeSpan out) {
  check_sizes(x.size(), out.size);
  for (std::size_t i = 0; i < out.size; ++i) out.set(i, a * x[i] + b);
}

void fold_high(FeCSpan v, Fe r, FeSpan out) {
  check_sizes(v.size, 2 * out.size);
  const std::size_t half = out.size;
  for (std::size_t i = 0; i < half; ++i) out.set(i, v.get(i) + r * (v.get(i + half) - v.get(i)));
}
void fold_high(FpCSpan v, Fe r, FeSpan out) {
  check_sizes(v.size(), 2 * out.size);
  const std::size_t half = out.size;
  for (std::size_t i = 0; i < half; ++i) out.set(i, Fe(v[i]) + r * (v[i + half] - v[i]));
}
void fold_low(FeCSpan v, Fe r, FeSpan out) {
  check_sizes(v.size, 2 * out.size);
  for (std::size_t i = 0; i < out.size; ++i) out.set(i, v.get(2 * i) + r * (v.get(2 * i + 1) - v.get(2 * i)));
}
void fold_low(FpCSpan v, Fe r, FeSpan out) {
  check_sizes(v.size(), 2 * out.size);
  for (std::size_t i = 0; i < out.size; ++i) out.set(i, Fe(v[2 * i]) + r * (v[2 * i + 1] - v[2 * i]));
}

Fp sum(FpCSpan x) {
  Fp total;
  for (const Fp& e : x) total += e;
  return total;
}
Fe sum(FeCSpan x) { return {sum(x.plane(0)), sum(x.plane(1)), sum(x.plane(2))}; }
Fp dot(FpCSpan a, FpCSpan b) {
  check_sizes(a.size(), b.size());
  Fp total;
  for (std::size_t i = 0; i < a.size(); ++i) total += a[i] * b[i];
  return total;
}
Fe dot(FpCSpan a, FeCSpan b) { return {dot(a, b.plane(0)), dot(a, b.plane(1)), dot(a, b.plane(2))}; }
Fe dot(FeCSpan a, FeCSpan b) {
  check_sizes(a.size, b.size);
  Fe total;
  for (std::size_t i = 0; i < a.size; ++i) total += a.get(i) * b.get(i);
  return total;
}

std::array<Fe, 2> round_product(FeCSpan a, FeCSpan b) {
  check_sizes(a.size, b.size);
  ZKI_CHECK(a.size % 2 == 0, "a round needs an even length");
  std::array<Fe, 2> s;
  const std::size_t half = a.size / 2;
  for (std::size_t i = 0; i < half; ++i) {
    s[0] += a.get(i) * b.get(i);
    s[1] += (a.get(i + half) - a.get(i)) * (b.get(i + half) - b.get(i));
  }
  return s;
}
std::array<Fe, 2> round_product(FpCSpan a, FeCSpan b) {
  check_sizes(a.size(), b.size);
  ZKI_CHECK(b.size % 2 == 0, "a round needs an even length");
  std::array<Fe, 2> s;
  const std::size_t half = b.size / 2;
  for (std::size_t i = 0; i < half; ++i) {
    s[0] += a[i] * b.get(i);
    s[1] += (a[i + half] - a[i]) * (b.get(i + half) - b.get(i));
  }
  return s;
}
std::array<Fe, 3> round_product(FeCSpan a, FeCSpan b, FeCSpan c) {
  check_sizes(a.size, b.size, c.size);
  ZKI_CHECK(a.size % 2 == 0, "a round needs an even length");
  std::array<Fe, 3> s;
  const std::size_t half = a.size / 2;
  for (std::size_t i = 0; i < half; ++i) {
    const Fe a0 = a.get(i), b0 = b.get(i), c0 = c.get(i);
    const Fe da = a.get(i + half) - a0, db = b.get(i + half) - b0, dc = c.get(i + half) - c0;
    s[0] += a0 * b0 * c0;
    s[1] += (a0 - da) * (b0 - db) * (c0 - dc);
    s[2] += da * db * dc;
  }
  return s;
}

}  // namespace zkinfer::vec
