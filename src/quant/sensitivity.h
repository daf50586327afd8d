// SPDX-License-Identifier: Apache-2.0
// Which activations need more bits than others. All have the same number by default, from their largest value down; that is too
// coarse where what is usual lies far below the largest:
//   - a contraction with constant weights may read the large channels with small weights and the small ones with large weights
//     (the gains of a RMSNormalization), so that the roundings of all channels meet in a result that is small;
//   - a normalization divides each row by its own size, so that small rows count as much as large ones (the residual stream
//     of a language model, whose first token is thousands of times larger than the others).
// Bits are cheap: clamping to 12 or to 40 costs about the same.
#pragma once

#include <string>
#include <unordered_map>

#include "ir/graph.h"

namespace zkinfer::quant {

class Histogram;

// By value name, for those that need any. seen: over calibration, by value name.
std::unordered_map<std::string, int> more_bits_of(const ir::Graph& graph,
                                                  const std::unordered_map<std::string, Histogram>& seen);

}  // namespace zkinfer::quant
