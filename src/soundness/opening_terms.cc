// SPDX-License-Identifier: Apache-2.0
// The opening: what a root stands for, folds, queries and the batching after them, the mask.
#include <algorithm>
#include <limits>

#include "soundness/challenge.h"
#include "soundness/terms.h"

namespace zkinfer::soundness {

namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

// log2 of L^2/2 n/|K|; -infinity when the list has one member.
double log2_identity_error(const CodeBound& bound, const pcs::CodeParams& oracle) {
  if (bound.log2_list <= 0.0) return kNever;
  return 2.0 * bound.log2_list - 1.0 + log2_vector_size(oracle) + log2_bad_fraction(1.0);
}

double usable_fold(const CodeBound& bound) { return bound.usable ? bound.log2_fold : 0.0; }

// One term for the rounds that bind the bits num_rounds .. 1 of the lanes; error_of: of the round that binds one.
template <class ErrorOf>
void add_rounds(std::vector<SoundnessTerm>& terms, std::string label, int num_rounds, ErrorOf error_of) {
  double worst = kNever;
  double total = kNever;
  for (int remaining = num_rounds; remaining >= 1; --remaining) {
    const double error = error_of(remaining);
    worst = std::max(worst, error);
    total = log2_sum(total, error);
  }
  terms.push_back({std::move(label), to_bits(worst), static_cast<std::uint64_t>(num_rounds), to_bits(total)});
}

}  // namespace

// Which vector a root stands for.
//
// In the Johnson regime up to L codewords are within the radius of a committed word. They are told apart by one value of
// a random power functional, sent after the root: two different vectors of length n agree on sum_j z^j e_j for at most
// n - 1 values z, and there are at most L^2/2 pairs. Afterwards at most one member fits the value:
//   model identity       z = H(root_M, ..), v     L_M^2/2 n_M/|K|      M counts as one vector in every later round
//   data identity        z = H(root_D, ..), v     L_D^2/2 n_D/|K|      likewise each D_i
//   mask identity        z after root_X, v_X, v_S        L_X^2/2 n_X/|K|      one (X, S), hence one pad per hidden message
//   out-of-domain value  zeta after root of g_i          L_i^2/2 n_i/|K|
// In unique decoding L = 1 and nothing can go wrong.
void add_identity_terms(const TermContext& context, std::vector<SoundnessTerm>& terms) {
  const pcs::OpeningParams& params = context.params;
  for (const TermContext::Base& base : context.bases()) {
    if (!base.pinned) continue;
    add_term(terms, base.name == "M" ? "model identity" : "data identity " + base.name,
             log2_identity_error(base.bound, base.params));
  }
  if (params.security.zero_knowledge) add_term(terms, "mask identity", log2_identity_error(context.mask, params.mask));
  for (std::size_t i = 0; i < params.folds.size(); ++i)
    add_term(terms, "out-of-domain " + fold_name(i), log2_identity_error(context.folds[i], params.folds[i]));
}

// Rounds that fold lanes. One challenge r does two things: it binds a variable of the sumcheck (round polynomials of
// degree 2: 2 per living member) and it folds 2^(rem - 1) pairs of lanes, rem = lanes bits left before the round.
//   first rounds, rem = max k_o .. 1: base oracle o (M, D_i, W) takes part from rem = k_o on, all with the same r:
//       sum_o [rem <= k_o] fold_o 2^(rem-1) + 2 L_all/|K|,  L_all: the lists of all base oracles multiplied
//   rounds of g_i, rem = k_i .. 1:      fold_i 2^(rem-1) + 2 L_i/|K|
//   final rounds:                       2/|K|: the final vector is one, and nothing is folded
// After a round without bad event, the words close to the folded word are the folds of the words close to the old one,
// so a false claim for each member stays false for each member (WHIR, eprint 2024/1586, Theorem 4.20 and Section 5).
void add_fold_terms(const TermContext& context, std::vector<SoundnessTerm>& terms) {
  const pcs::OpeningParams& params = context.params;
  const std::vector<TermContext::Base> bases = context.bases();
  const double sumcheck = log2_bad_fraction(2.0);
  if (params.first_rounds() > 0) {
    add_rounds(terms, "fold round of " + context.base_names(), params.first_rounds(), [&](int remaining) {
      double error = sumcheck + context.log2_all_lists();
      for (const TermContext::Base& base : bases) {
        if (remaining <= base.params.log_lanes) error = log2_sum(error, usable_fold(base.bound) + remaining - 1);
      }
      return error;
    });
  }
  for (std::size_t i = 0; i < params.folds.size(); ++i) {
    add_rounds(terms, "fold round of " + fold_name(i), params.folds[i].log_lanes, [&](int remaining) {
      return log2_sum(sumcheck + context.folds[i].log2_list, usable_fold(context.folds[i]) + remaining - 1);
    });
  }
  if (params.final_rounds() > 0)
    add_term(terms, "final round", sumcheck, static_cast<std::uint64_t>(params.final_rounds()));
}

// Query phases and the batching after them. Stage 0 queries the base oracles M, D_i, W against v_1, stage i queries g_i against v_(i+1);
// v_(i+1) is what g_(i+1) encodes, or what the final message says.
//
// Queries. The out-of-domain value left one member of g_(i+1), X being pinned to one vector. If its vector is not the fold of a word close to the queried oracle, t leaves miss that with probability
// prod (A - i)/(N - i), times 2^-pow for grinding before the positions are known (random oracle). A false vector at stage
// 0 is far from one of them, so each oracle is a term of its own.
//
// Rows are not absorbed, so xi is drawn in the same verifier message as the positions: the error of that message is the
// sum of both, and each query term has the batching that follows it in it. (The batching is also listed by itself.)
//
// Batching. One power of xi per linear constraint: the carried claim, the out-of-domain value, one per opened leaf, and
// one for each index of v's padding that has to be zero: (t + 2 + padding) L_(i+1)/|K|.
QueryStage query_stage(const TermContext& context, std::size_t stage_index) {
  const pcs::OpeningParams& params = context.params;
  QueryStage stage;
  std::uint64_t gaps = 0;  // of v_1
  if (stage_index == 0) {
    gaps = params.first_vector_size();
    for (const TermContext::Base& base : context.bases()) {
      stage.num_queries += base.params.num_queries;
      gaps -= base.params.dimension();
    }
    stage.name = context.base_names();
  } else {
    stage.num_queries = params.folds[stage_index - 1].num_queries;
    stage.name = fold_name(stage_index - 1);
  }
  if (stage_index < params.folds.size()) {
    const pcs::CodeParams& next = params.folds[stage_index];
    stage.padding = next.message_size() - params.vector_size(stage_index);
    stage.log2_batch_list = context.folds[stage_index].log2_list;
  }
  stage.padding += gaps;
  return stage;
}

void add_query_terms(const TermContext& context, std::vector<SoundnessTerm>& terms) {
  const pcs::OpeningParams& params = context.params;
  for (std::size_t i = 0; i <= params.folds.size(); ++i) {
    const QueryStage stage = query_stage(context, i);
    const double constraints = static_cast<double>(stage.num_queries + stage.padding + 2);
    const double batching = log2_bad_fraction(constraints) + stage.log2_batch_list;
    const auto add_queries = [&](const std::string& name, const pcs::CodeParams& oracle, const CodeBound& bound) {
      const double queries =
          log2_query_error(bound, oracle.domain_size(), oracle.num_queries) - params.security.pow_bits;
      add_term(terms, "queries of " + name, log2_sum(queries, batching));
    };
    if (i == 0) {
      for (const TermContext::Base& base : context.bases()) add_queries(base.name, base.params, base.bound);
    } else {
      add_queries(stage.name, params.folds[i - 1], context.folds[i - 1]);
    }
    add_term(terms, "batching after " + stage.name, batching);
  }
}

// The base case on the mask oracle: X* = S + eta X, r* alike, checked against the claims and against t leaves (X, S).
// eta folds one pair of words (fold_X), and a false claim on one of the L_X members (X, S) becomes true for one eta per
// check: <X*, u> and its power functional. Source: eprint 2026/391, Section 7.2; BCHKS25 for fold_X.
// If (X*, r*) is not the fold of a member, the leaves miss that as for queries above.
void add_mask_terms(const TermContext& context, std::vector<SoundnessTerm>& terms) {
  const pcs::OpeningParams& params = context.params;
  if (!params.security.zero_knowledge) return;
  add_term(terms, "eta", log2_sum(usable_fold(context.mask), log2_bad_fraction(2.0) + context.mask.log2_list));
  add_term(
      terms, "queries of X",
      log2_query_error(context.mask, params.mask.domain_size(), params.mask.num_queries) - params.security.pow_bits);
}

}  // namespace zkinfer::soundness
