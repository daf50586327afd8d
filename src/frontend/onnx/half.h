// SPDX-License-Identifier: Apache-2.0
// Floats of 16 bits by their bits.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace zkinfer::frontend_onnx {

inline float half_to_float(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 0x1f;
  const int fraction = bits & 0x3ff;
  float magnitude = 0;
  if (exponent == 0)
    magnitude = std::ldexp(static_cast<float>(fraction), -24);
  else if (exponent == 31)
    magnitude = fraction == 0 ? HUGE_VALF : NAN;
  else
    magnitude = std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

inline float bfloat_to_float(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

}  // namespace zkinfer::frontend_onnx
