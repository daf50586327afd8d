// SPDX-License-Identifier: Apache-2.0
// Zero knowledge: how far the simulated view is from a real one, for an honest verifier (public-coin challenges).
//
// Ciphertexts under fresh uniform pads, leaves with more random coefficients than are opened, and X* = S + eta X are
// simulated exactly. What is left are challenges at which a hiding weight vanishes:
//   zero leaf        some q of an honest LogUp is 0: N max(1, width)/|K|; then q_root is 0 or the prover has to stop
//   blind leaf       the blind rho is uniform in K: q_root shows nothing unless rho = 0: 1/|K|
//   random triple    a = A~(s), b = B~(s) are hidden by the random row with weight eq(row, s), a product of n linear
//                    factors: 2 n/|K| for both
//   model value      v is three F-functionals of the random coefficients, independent of the opened leaves unless z is 0 or
//                    a point of the domain (Vandermonde in the opened points and the conjugates of z): (N_M + 1)/|K|
//   data value       the same for each hidden data oracle
//   mask value       v_X and v_S alike: (N_X + 1)/|K|
// and, against somebody who can hash but not break Keccak, guesses of the content of an unopened leaf: one random
// coefficient per lane stays unknown, so a leaf has at least 64 (F) or 192 (K) bits per lane, and N leaves can be tried
// against: 2^-(bits per leaf) N per guess. (64 bits: p^-1 is 2^-63.99999.)
#include <algorithm>

#include "soundness/challenge.h"
#include "soundness/terms.h"

namespace zkinfer::soundness {

namespace {

double leaf_guess_log2(const pcs::CodeParams& oracle, double elements_per_lane) {
  return static_cast<double>(oracle.log_domain) -
         63.999999 * elements_per_lane * static_cast<double>(oracle.num_lanes());
}

double log2_value_error(const pcs::CodeParams& oracle) {
  return log2_bad_fraction(static_cast<double>(oracle.domain_size()) + 1.0);
}

}  // namespace

void add_hiding_terms(const TermContext& context, std::vector<SoundnessTerm>& terms) {
  const pcs::OpeningParams& params = context.params;
  const OuterShape& shape = context.shape;
  if (!params.security.zero_knowledge) return;
  if (shape.log_leaves > 0) {
    const double width = std::max<std::uint32_t>(shape.max_tuple_width, 1);
    add_term(terms, "zero leaf", log2_bad_fraction(width) + shape.log_leaves);
    add_term(terms, "blind leaf", log2_bad_fraction(1.0));
  }
  if (shape.num_triples > 0 && shape.log_triple_rows > 0)
    add_term(terms, "random triple", log2_bad_fraction(2.0 * shape.log_triple_rows));
  double guess = leaf_guess_log2(params.witness, 1.0);
  const auto add_value = [&](const std::string& label, const pcs::CodeParams& oracle) {
    add_term(terms, label, log2_value_error(oracle));
    guess = std::max(guess, leaf_guess_log2(oracle, 1.0));
  };
  if (params.has_model && params.model_budget > 0) add_value("model value", params.model);
  for (std::size_t i = 0; i < params.data.size(); ++i) {
    if (params.data[i].budget > 0) add_value("data value D_" + std::to_string(i + 1), params.data[i].oracle);
  }
  add_term(terms, "mask value", log2_value_error(params.mask));
  for (const pcs::CodeParams& fold : params.folds) guess = std::max(guess, leaf_guess_log2(fold, 3.0));
  add_term(terms, "guess of an unopened leaf", std::max(guess, leaf_guess_log2(params.mask, 3.0)));
}

}  // namespace zkinfer::soundness
