// SPDX-License-Identifier: Apache-2.0
// Verifier of the grand sum of fractions sum_x P[x] / Q[x] = 0 over 2^n leaves (LogUp with the GKR protocol).
//
// Relation: layer n holds the leaves; node x of layer l has two children in layer l + 1 (lookup/tree.h) and
// p = p0 q1 + p1 q0, q = q0 q1. The root must have p = 0, q != 0.
// Messages: q_root in clear; for each layer l = 0 .. n-1: (l > 0: challenge lambda; l eq-factored rounds of degree 2,
// hidden, for p + lambda q at the running point); p0, q1, p1, q0 hidden; challenge r. The next running point is the
// rounds' with r at the children's bit, with the claims p0 + r (p1 - p0), q0 + r (q1 - q0).
// Products of hidden values go through three triples per layer (hiding/product.h). Pads: count_grand_sum_pads.
// Errors: kZeroDenominator; kSumcheck where a check has no hidden value; others become constraints of the channel.
// Soundness: per layer 1/|K| for lambda, 3/|K| per round, 1/|K| for r. The leaf claims are unproven when this returns.
// Source: Papini, Haboeck, "Improving logarithmic derivative lookups using GKR", eprint 2023/1284.
#pragma once

#include <vector>

#include "hiding/verifier_channel.h"

namespace zkinfer::lookup {

// P~(point) = p and Q~(point) = q for the leaf vectors: to be proven by the caller.
struct [[nodiscard]] LeafClaims {
  std::vector<Fe> point;  // [log_leaves]
  hiding::LinearForm p, q;
};

LeafClaims verify_grand_sum(hiding::VerifierChannel& channel, int log_leaves);

}  // namespace zkinfer::lookup
