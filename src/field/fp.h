// SPDX-License-Identifier: Apache-2.0
// Fp: the Goldilocks field, p = 2^64 - 2^32 + 1. Values are always canonical (below p).
//
// Reduction: with e = 2^32 - 1, 2^64 = e and 2^96 = -1 (mod p), so for x = x0 + 2^64 (x1 + 2^32 x2), x1, x2 < 2^32:
// x = x0 - x2 + e x1 (mod p).
//
// No branches: on data that looks random every second one would be mispredicted, which costs more than a product. Adding p
// modulo 2^64 is subtracting e, and the other way round.
#pragma once

#include <cstdint>

namespace zkinfer {

struct Fp {
  static constexpr std::uint64_t kModulus = 0xffffffff00000001ULL;
  static constexpr std::uint64_t kEpsilon = 0xffffffffULL;  // 2^64 mod p
  static constexpr int kTwoAdicity = 32;
  static constexpr std::uint64_t kGenerator = 7;  // of the multiplicative group

  std::uint64_t v = 0;

  constexpr Fp() = default;
  // value < p.
  constexpr explicit Fp(std::uint64_t value) : v(value) {}
  // Any 64-bit value, reduced.
  static constexpr Fp reduce(std::uint64_t x) { return Fp(x + epsilon_if(x >= kModulus)); }
  // A signed integer, |x| < p.
  static constexpr Fp from_int(std::int64_t x) {
    return x >= 0 ? reduce(static_cast<std::uint64_t>(x)) : -reduce(static_cast<std::uint64_t>(-(x + 1)) + 1);
  }
  // The representative in (-p/2, p/2], for tests and messages.
  constexpr std::int64_t to_int() const {
    return v > kModulus / 2 ? -static_cast<std::int64_t>(kModulus - v) : static_cast<std::int64_t>(v);
  }
  static constexpr Fp reduce_wide(unsigned __int128 x);

  constexpr bool is_zero() const { return v == 0; }
  friend constexpr bool operator==(Fp a, Fp b) { return a.v == b.v; }
  friend constexpr Fp operator+(Fp a, Fp b) {
    const std::uint64_t to_wrap = kModulus - b.v;  // 1 .. p
    return Fp(a.v - to_wrap - epsilon_if(a.v < to_wrap));
  }
  friend constexpr Fp operator-(Fp a, Fp b) { return Fp(a.v - b.v - epsilon_if(a.v < b.v)); }
  friend constexpr Fp operator-(Fp a) { return Fp() - a; }
  friend constexpr Fp operator*(Fp a, Fp b) { return reduce_wide(static_cast<unsigned __int128>(a.v) * b.v); }
  constexpr Fp& operator+=(Fp b) { return *this = *this + b; }
  constexpr Fp& operator-=(Fp b) { return *this = *this - b; }
  constexpr Fp& operator*=(Fp b) { return *this = *this * b; }

 private:
  friend class FpProducts;
  static constexpr std::uint64_t epsilon_if(bool condition) {
    return (0 - static_cast<std::uint64_t>(condition)) & kEpsilon;
  }
};

constexpr Fp Fp::reduce_wide(unsigned __int128 x) {
  const auto x0 = static_cast<std::uint64_t>(x);
  const auto high = static_cast<std::uint64_t>(x >> 64);
  const std::uint64_t x1 = high & kEpsilon;
  const std::uint64_t x2 = high >> 32;
  const std::uint64_t t = x0 - x2 - epsilon_if(x0 < x2);  // borrowed 2^64 = epsilon (mod p); cannot borrow twice
  const std::uint64_t product = x1 * kEpsilon;
  const std::uint64_t sum = t + product;
  return reduce(sum + epsilon_if(sum < t));  // carried 2^64; cannot carry twice
}

// A sum of at most eight products (doubling counts them twice), reduced once at its end.
class FpProducts {
 public:
  constexpr void add(Fp a, Fp b) {
    const unsigned __int128 product = static_cast<unsigned __int128>(a.v) * b.v;
    auto high = static_cast<std::uint64_t>(product >> 64);  // at most 2^64 - 2
    high += static_cast<std::uint64_t>(__builtin_add_overflow(low_, static_cast<std::uint64_t>(product), &low_));
    top_ += static_cast<std::uint64_t>(__builtin_add_overflow(high_, high, &high_));
  }
  constexpr void twice() {
    top_ = 2 * top_ + (high_ >> 63);
    high_ = 2 * high_ + (low_ >> 63);
    low_ *= 2;
  }
  // With high = x1 + 2^32 x2 and 2^128 = -2^32 (mod p): low - x2 - 2^32 top + e x1.
  constexpr Fp reduced() const {
    const std::uint64_t x2 = (high_ >> 32) + (top_ << 32);          // below 2^36
    const std::uint64_t t = low_ - x2 - Fp::epsilon_if(low_ < x2);  // cannot borrow twice
    const std::uint64_t sum = t + (high_ & Fp::kEpsilon) * Fp::kEpsilon;
    return Fp::reduce(sum + Fp::epsilon_if(sum < t));  // cannot carry twice
  }

 private:
  std::uint64_t low_ = 0, high_ = 0, top_ = 0;  // the sum is low + 2^64 high + 2^128 top
};

constexpr Fp pow(Fp base, std::uint64_t exponent) {
  Fp result(1);
  for (; exponent != 0; exponent >>= 1) {
    if (exponent & 1) result *= base;
    base *= base;
  }
  return result;
}

// x^(p-2); inverse(0) = 0.
constexpr Fp inverse(Fp x) { return pow(x, Fp::kModulus - 2); }

// A generator of the subgroup of order 2^log_order, log_order <= 32; root(k)^2 = root(k - 1).
constexpr Fp root_of_unity(int log_order) {
  Fp root = pow(Fp(Fp::kGenerator), (Fp::kModulus - 1) >> Fp::kTwoAdicity);
  for (int i = log_order; i < Fp::kTwoAdicity; ++i) root *= root;
  return root;
}

}  // namespace zkinfer
