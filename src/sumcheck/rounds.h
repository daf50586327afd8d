// SPDX-License-Identifier: Apache-2.0
// Verifier side of sumcheck rounds with hidden round polynomials h(X) = c_0 + c_1 X + .. + c_d X^d.
//
// Each round receives c_1 .. c_d (c_0 follows from the claim and is never sent) and draws a challenge s under the same
// label. Variables are bound from the most significant index bit; point[0] is that bit's challenge.
// Both rules are linear in claim and messages, hence work on forms. They check nothing by themselves.
#pragma once

#include <span>
#include <vector>

#include "hiding/verifier_channel.h"

namespace zkinfer::sumcheck {

// The summand's value at `point` must equal `claim`: still to be proven by the caller.
struct [[nodiscard]] RoundsResult {
  std::vector<Fe> point;  // [num_rounds]
  hiding::LinearForm claim;
};

// Plain: claim = h(0) + h(1), so the next claim is h(s) = (claim - sum_j c_j) / 2 + sum_j c_j s^j. A starting claim that
// is no form over pads (a functional of the witness) may be left out and added afterwards with factor 2^-num_rounds.
// For batched products over relations of 2^n_i terms the final relation is
//   sum_i coef_i 2^-(num_rounds - n_i) prod_f T_{i,f}(last n_i coordinates of point) = claim.
RoundsResult receive_rounds(hiding::VerifierChannel& channel, const char* label, const hiding::LinearForm& claim,
                            int num_rounds, int degree);

// Eq-factored: the summand is eq(r, x) f(x), and h leaves out the eq factors of this and all earlier variables. With r_i
// the coordinate of this variable, claim = (1 - r_i) h(0) + r_i h(1) = c_0 + r_i sum_j c_j, so the next claim is
// h(s) = claim - r_i sum_j c_j + sum_j c_j s^j. The final relation is f(point) = claim, without an eq factor.
RoundsResult receive_eq_rounds(hiding::VerifierChannel& channel, const char* label, const hiding::LinearForm& claim,
                               std::span<const Fe> r, int degree);

}  // namespace zkinfer::sumcheck
