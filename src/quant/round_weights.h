// SPDX-License-Identifier: Apache-2.0
// Weights to integers, and what the integers mean for every output channel: the worst-case accumulator over the input's
// integer range, the worst-case error of the rounding and its mean.
// Cost: one pass over the weights, on all cores.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "qir/ops/rules.h"

namespace zkinfer::quant {

// Integers that fit; what arithmetic gives is a qir::Interval until it is known to fit.
struct AccRange {
  std::int64_t lo = 0, hi = 0;
};

// Output channels of `depth` weights each: contiguous (Conv, a constant left operand), or the columns of matrices
// [.., depth, num_columns] (a constant right operand).
struct Channels {
  std::size_t count = 0;
  std::size_t depth = 0;
  std::size_t num_columns = 0;  // 0: contiguous
};

struct WeightInput {
  AccRange range;  // of the integers that meet the weights
  double scale = 1;
  // The mean input of depth position k of channel c is means[group(c) * depth / cells + k / cells] with `groups` equal
  // groups of channels; empty: unknown.
  std::span<const double> means;
  std::size_t cells = 1;
  std::size_t groups = 1;
};

struct RoundedWeights {
  std::vector<std::int32_t> integers;
  bool fits = true;               // every weight is a number of less than 2e9 steps; nothing else holds otherwise
  qir::Interval acc;              // of the worst channels
  double error = 0;               // of the worst channel: sum |w - integer * scale| * max |x|
  std::vector<double> mean_loss;  // by channel: sum (w - integer * scale) * mean x; empty without means
};

RoundedWeights round_weights(std::span<const float> weights, const Channels& channels, double scale,
                             const WeightInput& input);

}  // namespace zkinfer::quant
