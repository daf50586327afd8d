// SPDX-License-Identifier: Apache-2.0
// How low a value may be before it makes no difference: entries far below a softmax's largest, below every maximum that is
// taken of them, below a Relu. Masks fill such entries with -10^4 to minus infinity; ranges need not cover them.
#pragma once

#include <functional>
#include <limits>
#include <vector>

#include "ir/graph.h"

namespace zkinfer::quant {

inline constexpr double kNoFloor = -std::numeric_limits<double>::infinity();

struct SeenRange {
  double lo = 0, hi = 0;  // over calibration
};

struct Seen {
  // Of activations and constants, infinite entries left out.
  std::function<SeenRange(ir::ValueId)> range;
  // By node index, for Softmax and ArgMax: the least of the largest entries along the axis.
  std::vector<double> lowest_top;
};

// By value id: all entries below count as this number; kNoFloor where every difference counts.
std::vector<double> relevance_floors(const ir::Graph& graph, const Seen& seen);

}  // namespace zkinfer::quant
