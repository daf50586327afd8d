// SPDX-License-Identifier: Apache-2.0
// The families of error sources, one function and one file each. Internal to the folder: callers use analyze.h.
//
// Notation of the formula texts: |K| is the number of equally likely challenges (challenge.h); L_M, L_D, L_W, L_X, L_i list
// sizes of the oracles M, D_i, W, X, g_i at their radius (code_bound.h; 1 in unique decoding); L0 = L_W, since the transcript
// pins X to one vector; n_o = dimension * lanes, the length of the committed vector of oracle o; t_o its queries.
#pragma once

#include <string>
#include <vector>

#include "commit/pcs/params.h"
#include "soundness/code_bound.h"
#include "soundness/report.h"
#include "soundness/shape.h"

namespace zkinfer::soundness {

struct TermContext {
  const pcs::OpeningParams& params;
  const OuterShape& shape;
  CodeBound model;
  CodeBound witness;
  CodeBound mask;
  std::vector<CodeBound> data;
  std::vector<CodeBound> folds;

  struct Base {
    std::string name;  // M, D_1, .., W
    const pcs::CodeParams& params;
    const CodeBound& bound;
    bool pinned;  // its value v is part of the statement: one vector per root
  };
  // In the order of OpeningParams::bases().
  std::vector<Base> bases() const;

  bool johnson() const { return params.security.decoding == Decoding::kJohnson; }
  // log2 of the tuples of members of all base oracles: up to delta an unpinned one is false by its value alone; delta batches
  // that check with the others.
  double log2_all_lists() const;
};

// error_j <= 2^log2_worst in each of `rounds` rounds, 2^log2_total together.
SoundnessTerm make_term(std::string label, std::string formula, std::string source, double log2_worst,
                        std::uint64_t rounds, double log2_total, bool rests_on_johnson);
// The same for rounds with equal errors.
SoundnessTerm equal_rounds(std::string label, std::string formula, std::string source, double log2_error,
                           std::uint64_t rounds = 1, bool rests_on_johnson = false);

// printf into a string of at most 300 characters.
std::string formatted(const char* format, ...) __attribute__((format(printf, 1, 2)));
double log2_vector_size(const pcs::CodeParams& oracle);

void add_identity_terms(const TermContext& context, std::vector<SoundnessTerm>& terms);
void add_outer_terms(const TermContext& context, std::vector<SoundnessTerm>& terms);
void add_fold_terms(const TermContext& context, std::vector<SoundnessTerm>& terms);
void add_query_terms(const TermContext& context, std::vector<SoundnessTerm>& terms);
void add_mask_terms(const TermContext& context, std::vector<SoundnessTerm>& terms);
void add_hash_terms(const TermContext& context, std::vector<SoundnessTerm>& terms);
void add_hiding_terms(const TermContext& context, std::vector<SoundnessTerm>& terms);

}  // namespace zkinfer::soundness
