// SPDX-License-Identifier: Apache-2.0
// Counting pass of the grand sum: takes from the allocator what prover and verifier will take, in the same order.
#pragma once

#include "hiding/layout.h"

namespace zkinfer::lookup {

// Layer l = 0 .. log_leaves - 1: l rounds of degree 2, then three triples (p0 q1, p1 q0, and q0 q1 by copies).
void count_grand_sum_pads(hiding::PadAllocator& pads, int log_leaves);

}  // namespace zkinfer::lookup
