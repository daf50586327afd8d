// SPDX-License-Identifier: Apache-2.0
// Counting passes: each takes from the allocator the pads that prover and verifier will take, in the same order.
#pragma once

#include "hiding/layout.h"

namespace zkinfer::sumcheck {

// num_rounds hidden round polynomials of the given degree (batched products, eq-factored rounds).
void count_rounds_pads(hiding::PadAllocator& pads, int num_rounds, int degree);

// The zero-check of the product triples. Last of all users of triples: its size is that of the triples counted so far.
// Nothing without triples or with zero knowledge off.
void count_zerocheck_pads(hiding::PadAllocator& pads);

}  // namespace zkinfer::sumcheck
