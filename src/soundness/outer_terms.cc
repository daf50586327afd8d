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

namespace {

void add_lookup_terms(const TermContext& context, std::vector<SoundnessTerm>& terms) {
  const OuterShape& shape = context.shape;
  if (shape.log_leaves == 0) return;
  const double list = context.witness.log2_list;
  const double width = static_cast<double>(std::max<std::uint32_t>(shape.max_tuple_width, 1)) + 2.0;
  terms.push_back(equal_rounds("LogUp fingerprint, zero leaf",
                               formatted("N (width + 2) L0/|K|, N = 2^%u, width = %u, L0 = 2^%.2f", shape.log_leaves,
                                         shape.max_tuple_width, list),
                               "Schwartz-Zippel; logarithmic derivatives: eprint 2022/1530",
                               log2_bad_fraction(width) + shape.log_leaves + list));
  terms.push_back(equal_rounds("GKR layer point, lambda", "2 L0/|K|", "fractional sums: eprint 2023/1284",
                               log2_bad_fraction(2.0) + list, std::uint64_t{shape.log_leaves}));
  const std::uint64_t rounds = std::uint64_t{shape.log_leaves} * (shape.log_leaves - 1) / 2;
  if (rounds > 0) {
    terms.push_back(
        equal_rounds("GKR sumcheck round", "3 L0/|K|", "sumcheck (LFKN)", log2_bad_fraction(3.0) + list, rounds));
  }
}

void add_product_terms(const TermContext& context, std::vector<SoundnessTerm>& terms) {
  const OuterShape& shape = context.shape;
  if (!context.params.security.zero_knowledge || shape.num_triples == 0 || shape.log_triple_rows == 0) return;
  const double list = context.witness.log2_list;
  terms.push_back(equal_rounds("product tau'", formatted("n L0/|K|, n = %u", shape.log_triple_rows), "Schwartz-Zippel",
                               log2_bad_fraction(shape.log_triple_rows) + list));
  terms.push_back(equal_rounds("product zero-check round", "3 L0/|K|", "sumcheck (LFKN)", log2_bad_fraction(3.0) + list,
                               shape.log_triple_rows));
}

}  // namespace

void add_outer_terms(const TermContext& context, std::vector<SoundnessTerm>& terms) {
  const OuterShape& shape = context.shape;
  const double list = context.witness.log2_list;
  add_lookup_terms(context, terms);
  const std::uint32_t variables = shape.relation_variables > 0 ? shape.relation_variables : shape.batched_rounds;
  double tau = std::max(1.0, static_cast<double>(variables) + shape.num_relations + (shape.log_leaves > 0 ? 1.0 : 0.0));
  const bool no_message = shape.batched_rounds == 0 && shape.num_relations == 0;
  if (no_message) tau += shape.log_triple_rows;
  const double log2_tau = log2_bad_fraction(tau) + list;
  terms.push_back(equal_rounds(
      "tau, gamma", formatted("(n + #relations + 1) L0/|K|, n = %u, #relations = %u", variables, shape.num_relations),
      "Schwartz-Zippel", log2_tau));
  if (shape.batched_rounds > 0) {
    terms.push_back(equal_rounds("batched sumcheck round", formatted("d L0/|K|, d = %u", shape.batched_degree),
                                 "sumcheck (LFKN)", log2_bad_fraction(std::max(1u, shape.batched_degree)) + list,
                                 shape.batched_rounds));
  }
  add_product_terms(context, terms);
  const double log2_delta =
      log2_bad_fraction(std::max(1.0, static_cast<double>(shape.num_functionals))) + context.log2_all_lists();
  terms.push_back(
      equal_rounds("delta",
                   formatted("#constraints L_all/|K|, #constraints = %llu, L_all = 2^%.2f",
                             static_cast<unsigned long long>(shape.num_functionals), context.log2_all_lists()),
                   "powers of one challenge",
                   no_message && shape.log_triple_rows == 0 ? log2_sum(log2_delta, log2_tau) : log2_delta));
}

}  // namespace zkinfer::soundness
