// SPDX-License-Identifier: Apache-2.0
#include "soundness/challenge.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace zkinfer::soundness {

double challenge_bits() {
  // log2 p = 64 + log2(1 - 2^-32 + 2^-64), p 2^-85 = (1 - 2^-32 + 2^-64) 2^-21.
  const double log2_p = 64.0 + std::log1p(-0x1p-32 + 0x1p-64) / std::log(2.0);
  const double bias = std::log1p(0x1p-21) / std::log(2.0);
  return 3.0 * (log2_p - bias);
}

double log2_sum(double a, double b) {
  const double high = std::max(a, b);
  const double low = std::min(a, b);
  if (std::isinf(low)) return high;
  return high + std::log2(1.0 + std::exp2(low - high));
}

double log2_bad_fraction(double count) {
  if (count <= 0.0) return -std::numeric_limits<double>::infinity();
  return std::log2(count) - challenge_bits();
}

double to_bits(double log2_error) {
  if (std::isinf(log2_error) && log2_error < 0.0) return std::numeric_limits<double>::infinity();
  return std::max(0.0, -log2_error - kRoundingSlack);
}

}  // namespace zkinfer::soundness
