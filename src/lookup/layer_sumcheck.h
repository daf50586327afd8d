// SPDX-License-Identifier: Apache-2.0
// Prover of one layer of the grand sum: sum_x eq(r, x) (p0 q1 + p1 q0 + lambda q0 q1)(x) = claim over N = 2^l parents.
//
// Eq-factored rounds of degree 2 (sumcheck/rounds.h). c_0 and c_2 are sums over the rows, weighted by eq of the later
// variables only, split in two short tables; c_1 follows from the claim. No table of eq(r, .) is ever built.
// Source: Gruen, "Some improvements for the PIOP for ZeroCheck", eprint 2024/108 (the factored eq).
#pragma once

#include <span>
#include <vector>

#include "hiding/prover_channel.h"
#include "lookup/children.h"

namespace zkinfer::lookup {

struct LayerOpening {
  std::vector<Fe> point;  // [l]
  Fe p0, p1, q0, q1;      // the children's extensions there
};

// parent_p, parent_q: [N], the layer's own values; used up as working memory. children: [2 N]. r: [l], l >= 1.
// claim must be the value of P' + lambda Q' at r.
LayerOpening prove_layer(hiding::ProverChannel& channel, FeSpan parent_p, FeSpan parent_q, const Children& children,
                         const Fe& lambda, Fe claim, std::span<const Fe> r);

}  // namespace zkinfer::lookup
