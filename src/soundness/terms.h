// SPDX-License-Identifier: Apache-2.0
// The families of error sources, one function each. Internal to the folder: callers use analyze.h.
//
// Notation of comments and texts: |K| is the number of equally likely challenges (challenge.h); L_M, L_D, L_W, L_X, L_i list
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

  std::string base_names() const;  // "M, D_1, W"
  // log2 of the tuples of members of all base oracles: up to delta an unpinned one is false by its value alone; delta batches
  // that check with the others.
  double log2_all_lists() const;
};

// The context of these parameters: the best bound for each code.
TermContext make_context(const pcs::OpeningParams& params, const OuterShape& shape);

// An error of at most 2^log2_error in each of `rounds` rounds.
void add_term(std::vector<SoundnessTerm>& terms, std::string label, double log2_error, std::uint64_t rounds = 1);

double log2_vector_size(const pcs::CodeParams& oracle);
// "g_1" for the first fold oracle.
inline std::string fold_name(std::size_t index) { return "g_" + std::to_string(index + 1); }

// Stage 0 queries the base oracles, stage i the fold oracle i, counted from 1.
struct QueryStage {
  std::uint64_t num_queries = 0;
  std::uint64_t padding = 0;
  double log2_batch_list = 0.0;
  std::string name;
};
QueryStage query_stage(const TermContext& context, std::size_t stage_index);

void add_identity_terms(const TermContext& context, std::vector<SoundnessTerm>& terms);
void add_outer_terms(const TermContext& context, std::vector<SoundnessTerm>& terms);
void add_fold_terms(const TermContext& context, std::vector<SoundnessTerm>& terms);
void add_query_terms(const TermContext& context, std::vector<SoundnessTerm>& terms);
void add_mask_terms(const TermContext& context, std::vector<SoundnessTerm>& terms);
void add_hiding_terms(const TermContext& context, std::vector<SoundnessTerm>& terms);

}  // namespace zkinfer::soundness
