// SPDX-License-Identifier: Apache-2.0
#include "quant/round_weights.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"

namespace zkinfer::quant {

namespace {

constexpr std::size_t kColumnBlock = 64;
// Weights of this many steps and more, and those that are no numbers, count as this many: the caller refuses them.
constexpr double kTooLarge = 2e9;

struct ChannelSums {
  std::int64_t sum = 0;         // of the integers
  std::int64_t magnitudes = 0;  // of their absolute values
  double error = 0;
  double loss = 0;
  double largest = 0;
};

struct Grid {
  double scale;
  double inverse;
};

// No branches: the compiler keeps this in registers, a few cycles per weight.
inline double round_one(float weight, const Grid& grid, std::int32_t& out, ChannelSums& sums) {
  const double real = static_cast<double>(weight);
  const double steps = std::min(kTooLarge, std::max(-kTooLarge, real * grid.inverse));
  const std::int32_t integer = static_cast<std::int32_t>(steps + std::copysign(0.5, steps));
  out = integer;
  const double lost = real - static_cast<double>(integer) * grid.scale;
  sums.sum += integer;
  sums.magnitudes += std::abs(static_cast<std::int64_t>(integer));
  sums.error += std::abs(lost);
  sums.largest = std::max(sums.largest, std::abs(steps));
  return lost;
}

}  // namespace

RoundedWeights round_weights(std::span<const float> weights, const Channels& channels, double scale,
                             const WeightInput& input) {
  RoundedWeights result;
  result.integers.resize(weights.size());
  std::vector<ChannelSums> sums(channels.count);
  const Grid grid{scale, 1 / scale};
  const bool known = !input.means.empty();
  if (channels.num_columns == 0) {
    const std::size_t per_group = std::max<std::size_t>(1, channels.count / input.groups);
    const std::size_t num_means = channels.depth / input.cells;
    parallel_for(channels.count, 1 + 65536 / std::max<std::size_t>(1, channels.depth),
                 [&](std::size_t begin, std::size_t end) {
                   for (std::size_t c = begin; c < end; ++c) {
                     ChannelSums own;
                     std::size_t at = c * channels.depth;
                     for (std::size_t m = 0; m < num_means; ++m) {
                       double lost = 0;
                       for (std::size_t cell = 0; cell < input.cells; ++cell, ++at)
                         lost += round_one(weights[at], grid, result.integers[at], own);
                       if (known) own.loss += lost * input.means[c / per_group * num_means + m];
                     }
                     sums[c] = own;
                   }
                 });
  } else {
    const std::size_t columns = channels.num_columns;
    parallel_for(channels.count, kColumnBlock, [&](std::size_t begin, std::size_t end) {
      for (std::size_t first = begin; first < end;) {
        // Columns of one matrix: contiguous in memory for each depth position.
        const std::size_t matrix = first / columns;
        const std::size_t last = std::min(end, (matrix + 1) * columns);
        for (std::size_t k = 0; k < channels.depth; ++k) {
          const double mean = known ? input.means[k] : 0;
          std::size_t at = (matrix * channels.depth + k) * columns + first % columns;
          for (std::size_t c = first; c < last; ++c, ++at)
            sums[c].loss += mean * round_one(weights[at], grid, result.integers[at], sums[c]);
        }
        first = last;
      }
    });
  }
  const double x_most = static_cast<double>(std::max(input.range.hi, -input.range.lo)) * input.scale;
  for (const ChannelSums& s : sums) {
    // Positive weights meet one end of the input's range, negative ones the other.
    const auto part = [&](std::int64_t total) {
      return qir::scale(qir::make_interval(input.range.lo, input.range.hi), total);
    };
    const qir::Interval own = qir::add(part((s.magnitudes + s.sum) / 2), part(-((s.magnitudes - s.sum) / 2)));
    result.acc = &s == &sums.front() ? own : qir::hull(result.acc, own);
    result.error = std::max(result.error, s.error * x_most);
    result.fits = result.fits && s.largest < kTooLarge;
    if (known) result.mean_loss.push_back(s.loss);
  }
  return result;
}

}  // namespace zkinfer::quant
