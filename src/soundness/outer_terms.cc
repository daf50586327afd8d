// SPDX-License-Identifier: Apache-2.0
// The rounds before the opening. All values there are linear forms over W and X, X being pinned, so a claim is true or
// false for each member of W's list; a bad challenge for one of the L0 = L_W members is charged once per member.
//
//   LogUp         sum over N leaves of p/q, q = alpha - tag - sum_{j>=1} beta^j c_j. If table and lookups differ as
//                 multisets, the sum is a non-zero rational function of (alpha, beta) whose numerator has total degree at
//                 most (N - 1) max(1, width); zero leaves: the product of all q is a polynomial of degree at most
//                 N max(1, width). We charge N (width + 2) for both (width >= 1). Needs fewer than p lookups.
//   GKR layer     the layer's last challenge r binds a line: 1; lambda of the next layer joins two claims by a line: 1. No
//                 message lies between them, so they are one message of the verifier: 2.
//   GKR round     round polynomials of degree 3: 3 per round, layer i has i rounds.
//   seat marks    of one row, pad + sum_t theta_0^(t+1) T_t~(theta) is a polynomial of degree #tensors + bits; n rows.
//   tau, gamma    one message with the last layer's r: eq(tau) is multilinear in n variables, powers of gamma over the
//                 relations: n + #relations + 1. Without relations the next challenges follow at once: the sum is charged.
//   batched round degree of the round polynomial.
//   tau'          eq(tau') over the triple rows: log rows.   zero-check round: degree 3.
//   delta         powers over all linear constraints: their number. The values that pin M and the data oracles are among
//                 them, so tuples with another member than the pinned one may be revived here: all lists multiply.
#include <algorithm>

#include "soundness/challenge.h"
#include "soundness/terms.h"

namespace zkinfer::soundness {

void add_outer_terms(const TermContext& context, std::vector<SoundnessTerm>& terms) {
  const OuterShape& shape = context.shape;
  const double list = context.witness.log2_list;
  if (shape.log_leaves > 0) {
    const double width = static_cast<double>(std::max<std::uint32_t>(shape.max_tuple_width, 1)) + 2.0;
    add_term(terms, "LogUp fingerprint, zero leaf", log2_bad_fraction(width) + shape.log_leaves + list);
    add_term(terms, "GKR layer point, lambda", log2_bad_fraction(2.0) + list, shape.log_leaves);
    const std::uint64_t rounds = std::uint64_t{shape.log_leaves} * (shape.log_leaves - 1) / 2;
    if (rounds > 0) add_term(terms, "GKR sumcheck round", log2_bad_fraction(3.0) + list, rounds);
  }
  // One row's mark is another polynomial than the one of what its owner has; any of the rows may be the one that is lied about.
  if (shape.num_seats > 0) {
    add_term(terms, "seat marks", log2_bad_fraction(std::max(1u, shape.seat_degree)) + list, shape.num_seats);
  }
  double tau = std::max(
      1.0, static_cast<double>(shape.tau_variables()) + shape.num_relations + (shape.log_leaves > 0 ? 1.0 : 0.0));
  const bool no_message = shape.batched_rounds == 0 && shape.num_relations == 0;
  if (no_message) tau += shape.log_triple_rows;
  const double log2_tau = log2_bad_fraction(tau) + list;
  add_term(terms, "tau, gamma", log2_tau);
  if (shape.batched_rounds > 0) {
    add_term(terms, "batched sumcheck round", log2_bad_fraction(std::max(1u, shape.batched_degree)) + list,
             shape.batched_rounds);
  }
  if (context.params.security.zero_knowledge && shape.num_triples > 0 && shape.log_triple_rows > 0) {
    add_term(terms, "product tau'", log2_bad_fraction(shape.log_triple_rows) + list);
    add_term(terms, "product zero-check round", log2_bad_fraction(3.0) + list, shape.log_triple_rows);
  }
  const double log2_delta =
      log2_bad_fraction(std::max(1.0, static_cast<double>(shape.num_functionals))) + context.log2_all_lists();
  add_term(terms, "delta", no_message && shape.log_triple_rows == 0 ? log2_sum(log2_delta, log2_tau) : log2_delta);
}

}  // namespace zkinfer::soundness
