// SPDX-License-Identifier: Apache-2.0
// Rounds that fold lanes. One challenge r does two things: it binds a variable of the sumcheck (round polynomials of
// degree 2: 2 per living member) and it folds 2^(rem - 1) pairs of lanes, rem = lanes bits left before the round.
//   first rounds, rem = max k_o .. 1: base oracle o (M, D_i, W) takes part from rem = k_o on, all with the same r:
//       sum_o [rem <= k_o] fold_o 2^(rem-1) + 2 L_all/|K|,  L_all: the lists of all base oracles multiplied
//   rounds of g_i, rem = k_i .. 1:      fold_i 2^(rem-1) + 2 L_i/|K|
// After a round without bad event, the words close to the folded word are the folds of the words close to the old one,
// so a false claim for each member stays false for each member (WHIR, eprint 2024/1586, Theorem 4.20 and Section 5).
#include <algorithm>
#include <limits>

#include "soundness/challenge.h"
#include "soundness/terms.h"

namespace zkinfer::soundness {

namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

const char* fold_source(const TermContext& context) {
  return context.johnson() ? "BCHKS25 Theorem 4.6, union over pairs; WHIR Theorem 4.20"
                           : "BCIKS20 Theorem 1.4, WHIR Lemma 4.10, union over pairs";
}

double usable_fold(const CodeBound& bound) { return bound.usable ? bound.log2_fold : 0.0; }

}  // namespace

void add_fold_terms(const TermContext& context, std::vector<SoundnessTerm>& terms) {
  const pcs::OpeningParams& params = context.params;
  const std::vector<TermContext::Base> bases = context.bases();
  const int rounds = params.first_rounds();
  double worst = kNever;
  double total = kNever;
  const double sumcheck = log2_bad_fraction(2.0) + context.log2_all_lists();
  for (int remaining = rounds; remaining >= 1; --remaining) {
    double error = sumcheck;
    for (const TermContext::Base& base : bases) {
      if (remaining <= base.params.log_lanes) error = log2_sum(error, usable_fold(base.bound) + remaining - 1);
    }
    worst = std::max(worst, error);
    total = log2_sum(total, error);
  }
  if (rounds > 0) {
    std::string names, formula, multiplicities;
    for (const TermContext::Base& base : bases) {
      const char* name = base.name.c_str();
      names += (names.empty() ? "" : ", ") + base.name;
      formula += formatted("fold_%s 2^(k_%s-1) + ", name, name);
      multiplicities += formatted(", s_%s = %u", name, base.bound.multiplicity);
    }
    terms.push_back(make_term("fold round of " + names, formula + "2 L_all/|K|" + multiplicities, fold_source(context),
                              worst, static_cast<std::uint64_t>(rounds), total, context.johnson()));
  }
  for (std::size_t i = 0; i < params.folds.size(); ++i) {
    worst = total = kNever;
    const int lanes_bits = params.folds[i].log_lanes;
    const double list = log2_bad_fraction(2.0) + context.folds[i].log2_list;
    for (int remaining = lanes_bits; remaining >= 1; --remaining) {
      const double error = log2_sum(list, usable_fold(context.folds[i]) + remaining - 1);
      worst = std::max(worst, error);
      total = log2_sum(total, error);
    }
    terms.push_back(make_term(formatted("fold round of g_%zu", i + 1),
                              formatted("fold_i 2^(k_i-1) + 2 L_i/|K|, s_i = %u", context.folds[i].multiplicity),
                              fold_source(context), worst, static_cast<std::uint64_t>(lanes_bits), total,
                              context.johnson()));
  }
}

}  // namespace zkinfer::soundness
