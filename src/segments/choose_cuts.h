// SPDX-License-Identifier: Apache-2.0
// Where to cut a program: between nodes where little crosses, so that every segment's work stays within a bound. Each tensor that crosses
// is committed and opened on both sides, and each segment has an opening of its own, so as few as the bound allows.
#pragma once

#include <cstdint>
#include <vector>

#include "qir/qgraph.h"
#include "zkinfer/status.h"

namespace zkinfer::segments {

// What the whole takes of something additive, memory for instance: of each node, and of an element that crosses on either side.
struct Work {
  std::vector<double> nodes;
  double crossing_element = 0;
};

// The most tensors that may cross at one place: a proof opens those on both of its sides, and provable security falls with each.
inline constexpr std::size_t kMostCrossing = 3;

// Cuts with no segment above `most`, the cheapest in bytes of proofs. resource_limit: one node needs more, or too much crosses.
Result<std::vector<std::uint32_t>> cut_within(const qir::QGraph& graph, const Work& work, double most);
// At most num_segments segments, the largest of them as small as can be, in hundredths.
Result<std::vector<std::uint32_t>> cut_into(const qir::QGraph& graph, const Work& work, std::size_t num_segments);

}  // namespace zkinfer::segments
