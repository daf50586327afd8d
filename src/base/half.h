// SPDX-License-Identifier: Apache-2.0
// Floats of 16 bits by their bits: IEEE's, and bfloat16.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace zkinfer {

inline float half_to_float(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const int mantissa = bits & 1023;
  const float magnitude = exponent == 0    ? std::ldexp(static_cast<float>(mantissa), -24)
                          : exponent == 31 ? (mantissa == 0 ? HUGE_VALF : NAN)
                                           : std::ldexp(static_cast<float>(mantissa + 1024), exponent - 25);
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

inline float bfloat_to_float(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

}  // namespace zkinfer
