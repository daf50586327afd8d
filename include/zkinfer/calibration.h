// SPDX-License-Identifier: Apache-2.0
// What may be asked of the quantizer, and the bounds of it.
#pragma once

#include <cstdint>

namespace zkinfer {

// How the real range that an activation's integers cover is chosen from what was seen on the calibration data.
enum class CalibrationMethod : std::uint8_t {
  kMinMax,      // everything seen
  kPercentile,  // all but a small share
  kMse,         // the range that minimizes rounding plus clipping error
};

inline constexpr int kLeastActivationBits = 4, kMostActivationBits = 16;
inline constexpr int kLeastWeightBits = 2, kMostWeightBits = 20;

}  // namespace zkinfer
