// SPDX-License-Identifier: Apache-2.0
// What an inference cut off: requantized values beyond the end of their range.
#pragma once

#include <cstdint>

#include "exec/integer/executor.h"

namespace zkinfer::exec_integer {

// Elements of node `index` whose table argument lies above a clamp's end, or below it where the range goes below zero (at
// zero it is a ReLU). Tables of functions and the bits of comparisons are not judged. witness: of this graph.
std::uint64_t num_saturated(const qir::QGraph& graph, std::size_t index, const Witness& witness);

}  // namespace zkinfer::exec_integer
