// SPDX-License-Identifier: Apache-2.0
// Fe: the cubic extension K = F[x] / (x^3 - 2) of the Goldilocks field, |K| = 2^191.99; c[i] is the coefficient of x^i.
//
// x^3 - 2 is irreducible because 2 is no cube: 2 has order 192 = 2^6 * 3 in F*, and 192 does not divide
// (p - 1) / 3 = 2^32 * 5 * 17 * 257 * 65537, so 2^((p-1)/3) != 1.
#pragma once

#include <array>

#include "field/fp.h"

namespace zkinfer {

struct Fe {
  static constexpr int kDegree = 3;

  std::array<Fp, 3> c{};

  constexpr Fe() = default;
  constexpr Fe(Fp c0) : c{c0, Fp(), Fp()} {}  // NOLINT: F embeds in K
  constexpr Fe(Fp c0, Fp c1, Fp c2) : c{c0, c1, c2} {}
  static constexpr Fe one() { return Fe(Fp(1)); }
  // x^power, power in {0, 1, 2}.
  static constexpr Fe basis(int power) {
    Fe e;
    e.c[static_cast<std::size_t>(power)] = Fp(1);
    return e;
  }

  constexpr bool is_zero() const { return c[0].is_zero() && c[1].is_zero() && c[2].is_zero(); }
  friend constexpr bool operator==(const Fe& a, const Fe& b) { return a.c == b.c; }
  friend constexpr Fe operator+(const Fe& a, const Fe& b) {
    return {a.c[0] + b.c[0], a.c[1] + b.c[1], a.c[2] + b.c[2]};
  }
  friend constexpr Fe operator-(const Fe& a, const Fe& b) {
    return {a.c[0] - b.c[0], a.c[1] - b.c[1], a.c[2] - b.c[2]};
  }
  friend constexpr Fe operator-(const Fe& a) { return {-a.c[0], -a.c[1], -a.c[2]}; }
  friend constexpr Fe operator*(const Fe& a, Fp b) { return {a.c[0] * b, a.c[1] * b, a.c[2] * b}; }
  friend constexpr Fe operator*(Fp a, const Fe& b) { return b * a; }
  // (a0 + a1 x + a2 x^2)(b0 + b1 x + b2 x^2) with x^3 = 2: nine products and three reductions are cheaper than Karatsuba's six
  // of each.
  friend constexpr Fe operator*(const Fe& a, const Fe& b) {
    FpProducts c0, c1, c2;
    c0.add(a.c[1], b.c[2]);
    c0.add(a.c[2], b.c[1]);
    c0.twice();
    c0.add(a.c[0], b.c[0]);
    c1.add(a.c[2], b.c[2]);
    c1.twice();
    c1.add(a.c[0], b.c[1]);
    c1.add(a.c[1], b.c[0]);
    c2.add(a.c[0], b.c[2]);
    c2.add(a.c[1], b.c[1]);
    c2.add(a.c[2], b.c[0]);
    return {c0.reduced(), c1.reduced(), c2.reduced()};
  }
  constexpr Fe& operator+=(const Fe& b) { return *this = *this + b; }
  constexpr Fe& operator-=(const Fe& b) { return *this = *this - b; }
  constexpr Fe& operator*=(const Fe& b) { return *this = *this * b; }
  constexpr Fe& operator*=(Fp b) { return *this = *this * b; }
};

constexpr Fe pow(Fe base, std::uint64_t exponent) {
  Fe result = Fe::one();
  for (; exponent != 0; exponent >>= 1) {
    if (exponent & 1) result *= base;
    base *= base;
  }
  return result;
}

}  // namespace zkinfer
