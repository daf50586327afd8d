// SPDX-License-Identifier: Apache-2.0
// The numbers of the sampling rule, in 64-bit integers and products of two.
#include <array>
#include <bit>

#include "qir/ops/rules.h"
#include "qir/sampler.h"

namespace zkinfer::qir {

namespace {

// round(2^32 ln 2), round(2^32 / ln 2).
constexpr std::int64_t kLn2 = 2977044472, kLog2E = 6196328019;
constexpr int kLogBits = 48, kGumbelBits = 24;

__extension__ using UnsignedWide = unsigned __int128;

// floor(sqrt(x)).
constexpr std::uint64_t root_of(Wide x) {
  Wide root = 0;
  for (Wide bit = Wide{1} << 62; bit > 0; bit >>= 1) {
    if ((root + bit) * (root + bit) <= x) root += bit;
  }
  return static_cast<std::uint64_t>(root);
}

// 2^62 2^-(1/2), 2^-(1/4), .., each the root of the one before, rounded down.
constexpr auto kRoots = [] {
  std::array<std::uint64_t, 32> roots{};
  std::uint64_t root = std::uint64_t{1} << 61;
  for (std::uint64_t& out : roots) out = root = root_of(static_cast<Wide>(root) << 62);
  return roots;
}();

}  // namespace

std::int64_t log2_of(std::uint64_t x, int fraction_bits) {
  const int whole = static_cast<int>(std::bit_width(x)) - 1;
  // m / 2^63, 1 <= m < 2; squared, it is 2 or more where the next bit is 1.
  std::uint64_t m = x << (63 - whole);
  std::int64_t log = whole;
  for (int i = 0; i < fraction_bits; ++i) {
    const auto square = static_cast<UnsignedWide>(m) * m;
    const bool is_one = (square >> 127) != 0;
    m = static_cast<std::uint64_t>(square >> (is_one ? 64 : 63));
    log = 2 * log + (is_one ? 1 : 0);
  }
  return log;
}

std::int64_t gumbel(std::uint32_t random) {
  const std::int64_t minus_log2 =
      (std::int64_t{33} << kLogBits) - log2_of(2 * std::uint64_t{random} + 1, kLogBits);  // positive
  const auto exponential = static_cast<std::uint64_t>(Wide{minus_log2} * kLn2 >> 32);     // in 1/2^48
  const std::int64_t log2 = (std::int64_t{kLogBits} << kGumbelBits) - log2_of(exponential, kGumbelBits);
  return static_cast<std::int64_t>(Wide{log2} * kLn2 >> 32);
}

std::int32_t exponential(std::uint64_t x) {
  const auto y = static_cast<std::uint64_t>(Wide{static_cast<std::int64_t>(x)} * kLog2E >> 32);  // 2^-y, in 1/2^48
  if (y >> kLogBits >= 32) return 0;
  std::uint64_t product = std::uint64_t{1} << 62;
  for (int i = 0; i < 32; ++i) {
    if (y >> (kLogBits - 1 - i) & 1)
      product = static_cast<std::uint64_t>(static_cast<Wide>(product) * kRoots[static_cast<std::size_t>(i)] >> 62);
  }
  const int shift = 62 - 15 + static_cast<int>(y >> kLogBits);
  return shift > 63 ? 0 : static_cast<std::int32_t>(((product >> (shift - 1)) + 1) >> 1);
}

std::int64_t noise_of(const SamplerShape& shape, std::int64_t temperature, std::uint32_t random) {
  // Gumbel's is never below -4. T (g + 4) / (unit / 2^fraction_bits), halves up.
  const Wide scaled = Wide{temperature} * (gumbel(random) + (std::int64_t{4} << kGumbelBits));
  const int shift = shape.fraction_bits - shape.unit.exponent - kGumbelBits - 10;
  const Wide numerator = shift >= 0 ? scaled << shift : scaled;
  const Wide denominator = shift >= 0 ? Wide{shape.unit.mantissa} : Wide{shape.unit.mantissa} << -shift;
  return static_cast<std::int64_t>((2 * numerator + denominator) / (2 * denominator)) + 1;
}

std::vector<std::int64_t> rule_numbers(std::int64_t top_p, std::int64_t repetition) {
  constexpr std::int64_t kOne = std::int64_t{1} << 24;
  return {top_p, (2 * kOne + repetition) / (2 * repetition), repetition << 4};
}

}  // namespace zkinfer::qir
