// SPDX-License-Identifier: Apache-2.0
// The numbers of the sampling rule, in 64-bit integers and products of two.
#include "qir/fixed_point.h"
#include "qir/ops/rules.h"
#include "qir/sampler.h"

namespace zkinfer::qir {

namespace {

constexpr int kLogBits = 48, kGumbelBits = 24;
}  // namespace

std::int64_t gumbel(std::uint32_t random) {
  const std::int64_t minus_log2 =
      (std::int64_t{33} << kLogBits) - log2_of(2 * std::uint64_t{random} + 1, kLogBits);  // positive
  const auto exponential = static_cast<std::uint64_t>(Wide{minus_log2} * kLn2 >> 32);     // in 1/2^48
  const std::int64_t log2 = (std::int64_t{kLogBits} << kGumbelBits) - log2_of(exponential, kGumbelBits);
  return static_cast<std::int64_t>(Wide{log2} * kLn2 >> 32);
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
