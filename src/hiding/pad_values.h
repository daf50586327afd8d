// SPDX-License-Identifier: Apache-2.0
// The honest values of the pad vector (see layout.h for its sections).
#pragma once

#include <span>
#include <vector>

#include "hiding/layout.h"
#include "hiding/random.h"

namespace zkinfer::hiding {

// `counted`: an allocator that ran the whole protocol with the layout set (used() == layout()), so that it holds the copies.
// Returns [layout.num_pads()]: uniform (all from one call of random.fill) plain pads and triple operands, then the copies, then C = A B for the
// num_triples triples and for the random row behind them; zero in the rows that only fill the power of two.
// Empty with zero knowledge off.
std::vector<Fe> fill_pads(const PadAllocator& counted, RandomSource& random);

// The pad column of num_pads pads, [3, num_pads]: coefficient j of pad i at (j, i). No pads: zeros.
FpVec pad_column(std::span<const Fe> pads, std::size_t num_pads);

}  // namespace zkinfer::hiding
