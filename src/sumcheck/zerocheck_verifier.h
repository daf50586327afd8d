// SPDX-License-Identifier: Apache-2.0
// Verifier of the product triples: sum_x eq(tau, x) (A(x) B(x) - C(x)) = 0 over all rows of the pad vector's triple
// sections (hiding/layout.h), tau drawn after the pads were committed.
//
// Messages: eq-factored rounds of degree 2, hidden; then a = A~(s) and b = B~(s) in clear, which the random row hides.
// Adds to the channel the constraints A~(s) = a, B~(s) = b and claim = a b - C~(s); nothing is left to the caller but to
// settle the channel's constraints. Without triples or with zero knowledge off nothing is received.
// Soundness: log rows / |K| for tau and 2 / |K| per round.
#pragma once

#include <vector>

#include "hiding/verifier_channel.h"

namespace zkinfer::sumcheck {

struct TripleOpening {
  std::vector<Fe> point;  // s, [log_triple_rows]
  Fe a, b;
};

TripleOpening verify_triples(hiding::VerifierChannel& channel);

}  // namespace zkinfer::sumcheck
