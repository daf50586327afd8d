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

// How close the outputs shall be to the float network's: the largest error of an output element relative to the output's largest.
inline constexpr double kDefaultFloatTarget = 0.001, kExactFloatTarget = 0.0002;
inline constexpr double kLeastFloatTarget = 1e-8, kMostFloatTarget = 0.5;

// What may be asked for; the largest are as many as the compiler takes by itself where it is free to choose.
inline constexpr int kLeastActivationBits = 4, kMostActivationBits = 21;
inline constexpr int kLeastWeightBits = 2, kMostWeightBits = 26;

}  // namespace zkinfer
