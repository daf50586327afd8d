// SPDX-License-Identifier: Apache-2.0
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
#include "soundness/challenge.h"
#include "soundness/terms.h"

#include <limits>

namespace zkinfer::soundness {

namespace {

// log2 of L^2/2 n/|K|; -infinity when the list has one member.
double log2_identity_error(const CodeBound& bound, const pcs::CodeParams& oracle) {
  if (bound.log2_list <= 0.0) return -std::numeric_limits<double>::infinity();
  return 2.0 * bound.log2_list - 1.0 + log2_vector_size(oracle) + log2_bad_fraction(1.0);
}

}  // namespace

void add_identity_terms(const TermContext& context, std::vector<SoundnessTerm>& terms) {
  const pcs::OpeningParams& params = context.params;
  const char* source =
      "polynomial identity over pairs of the Johnson list; out-of-domain lemma of WHIR, eprint 2024/1586";
  for (const TermContext::Base& base : context.bases()) {
    if (!base.pinned) continue;
    const char* name = base.name.c_str();
    terms.push_back(equal_rounds(base.name == "M" ? "model identity" : "data identity " + base.name,
                                 formatted("L_%s^2/2 n_%s/|K|, L_%s = 2^%.2f, n_%s = 2^%.2f", name, name, name,
                                           base.bound.log2_list, name, log2_vector_size(base.params)),
                                 source, log2_identity_error(base.bound, base.params)));
  }
  if (params.security.zero_knowledge) {
    terms.push_back(equal_rounds(
        "mask identity",
        formatted("L_X^2/2 n_X/|K|, L_X = 2^%.2f, n_X = 2^%.2f", context.mask.log2_list, log2_vector_size(params.mask)),
        source, log2_identity_error(context.mask, params.mask)));
  }
  for (std::size_t i = 0; i < params.folds.size(); ++i) {
    terms.push_back(equal_rounds(formatted("out-of-domain g_%zu", i + 1),
                                 formatted("L_i^2/2 n_i/|K|, L_i = 2^%.2f, n_i = 2^%.2f", context.folds[i].log2_list,
                                           log2_vector_size(params.folds[i])),
                                 source, log2_identity_error(context.folds[i], params.folds[i])));
  }
}

}  // namespace zkinfer::soundness
