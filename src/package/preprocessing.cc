// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/preprocessing.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace zkinfer {

Status Preprocessing::validate() const {
  if (scale.has_value() && (!std::isfinite(*scale) || *scale == 0)) {
    return invalid_argument("preprocessing: the scale must be a finite number other than 0");
  }
  if (mean.size() > kMaxChannels || std.size() > kMaxChannels) {
    return invalid_argument("preprocessing: means or deviations for more than " + std::to_string(kMaxChannels) +
                            " channels");
  }
  if (!std::all_of(mean.begin(), mean.end(), [](double x) { return std::isfinite(x); })) {
    return invalid_argument("preprocessing: every mean must be a finite number");
  }
  if (!std::all_of(std.begin(), std.end(), [](double x) { return std::isfinite(x) && x > 0; })) {
    return invalid_argument("preprocessing: every standard deviation must be a positive finite number");
  }
  return ok_status();
}

}  // namespace zkinfer
