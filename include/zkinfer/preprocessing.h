// SPDX-License-Identifier: Apache-2.0
// What happens to the numbers of a file before a model takes them. Kept with the model, so that what was calibrated is what
// is proven: x = (value * scale - mean[channel]) / std[channel].
#pragma once

#include <optional>
#include <vector>

#include "zkinfer/status.h"

namespace zkinfer {

struct Preprocessing {
  std::optional<double> scale;    // nothing: 1/255 for picture levels, 1 for numbers
  std::vector<double> mean, std;  // empty, one number, or one per channel

  bool empty() const { return !scale.has_value() && mean.empty() && std.empty(); }
  // invalid_argument: a number that is not finite, a scale of zero, a deviation that is not positive, more than kMaxChannels.
  Status validate() const;
  friend bool operator==(const Preprocessing&, const Preprocessing&) = default;

  static constexpr std::size_t kMaxChannels = 4096;
};

}  // namespace zkinfer
