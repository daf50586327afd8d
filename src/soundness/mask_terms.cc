// SPDX-License-Identifier: Apache-2.0
// The base case on the mask oracle: X* = S + eta X, r* alike, checked against the claims and against t leaves (X, S).
// eta folds one pair of words (fold_X), and a false claim on one of the L_X members (X, S) becomes true for one eta per
// check: <X*, u> and its power functional. Source: eprint 2026/391, Section 7.2; BCHKS25 for fold_X.
// If (X*, r*) is not the fold of a member, the leaves miss that as in query_terms.cc.
#include "soundness/challenge.h"
#include "soundness/terms.h"

namespace zkinfer::soundness {

void add_mask_terms(const TermContext& context, std::vector<SoundnessTerm>& terms) {
  const pcs::OpeningParams& params = context.params;
  if (!params.security.zero_knowledge) return;
  const double fold = context.mask.usable ? context.mask.log2_fold : 0.0;
  terms.push_back(equal_rounds(
      "eta", formatted("fold_X + 2 L_X/|K|, s_X = %u", context.mask.multiplicity),
      context.johnson() ? "BCHKS25 Theorem 4.6; eprint 2026/391, 7.2" : "BCIKS20 Theorem 1.4; eprint 2026/391, 7.2",
      log2_sum(fold, log2_bad_fraction(2.0) + context.mask.log2_list), 1, context.johnson()));
  const double error =
      log2_query_error(context.mask, params.mask.domain_size(), params.mask.num_queries) - params.security.pow_bits;
  terms.push_back(
      equal_rounds("queries of X",
                   formatted("prod_{i<t} (A-i)/(N-i) 2^-pow, t = %u, A/N = %.5f, N = 2^%u", params.mask.num_queries,
                             context.mask.agreement, static_cast<unsigned>(params.mask.log_domain)),
                   context.johnson() ? "radius of BCHKS25 Theorem 4.6; grinding in the random oracle model"
                                     : "half the distance; grinding in the random oracle model",
                   error, 1, context.johnson()));
}

}  // namespace zkinfer::soundness
