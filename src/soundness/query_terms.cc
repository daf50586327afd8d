// SPDX-License-Identifier: Apache-2.0
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
#include "soundness/challenge.h"
#include "soundness/terms.h"

namespace zkinfer::soundness {

namespace {

struct Stage {
  std::uint64_t num_queries = 0;
  std::uint64_t padding = 0;
  double log2_batch_list = 0.0;
  std::string name;
};

Stage describe_stage(const TermContext& context, std::size_t stage_index) {
  const pcs::OpeningParams& params = context.params;
  Stage stage;
  if (stage_index == 0) {
    for (const TermContext::Base& base : context.bases()) {
      stage.num_queries += base.params.num_queries;
      stage.name += (stage.name.empty() ? "" : ", ") + base.name;
    }
  } else {
    stage.num_queries = params.folds[stage_index - 1].num_queries;
    stage.name = formatted("g_%zu", stage_index);
  }
  if (stage_index < params.folds.size()) {
    const pcs::CodeParams& next = params.folds[stage_index];
    stage.padding = next.num_coefs * next.num_lanes() - params.vector_size(stage_index);
    if (stage_index == 0) {
      stage.padding += params.first_vector_size();
      for (const TermContext::Base& base : context.bases()) stage.padding -= base.params.dimension();
    }
    stage.log2_batch_list = context.folds[stage_index].log2_list;
  }
  return stage;
}

void add_query_term(const TermContext& context, const std::string& name, const pcs::CodeParams& oracle,
                    const CodeBound& bound, double log2_batching, std::vector<SoundnessTerm>& terms) {
  const double queries =
      log2_query_error(bound, oracle.domain_size(), oracle.num_queries) - context.params.security.pow_bits;
  const double error = log2_sum(queries, log2_batching);
  const std::string formula = formatted("prod_{i<t} (A-i)/(N-i) 2^-pow + batching, t = %u, A/N = %.5f, N = 2^%u",
                                        oracle.num_queries, bound.agreement, static_cast<unsigned>(oracle.log_domain));
  terms.push_back(equal_rounds("queries of " + name, formula,
                               context.johnson() ? "radius of BCHKS25 Theorem 4.6; grinding in the random oracle model"
                                                 : "half the distance; grinding in the random oracle model",
                               error, 1, context.johnson()));
}

}  // namespace

void add_query_terms(const TermContext& context, std::vector<SoundnessTerm>& terms) {
  const pcs::OpeningParams& params = context.params;
  for (std::size_t i = 0; i <= params.folds.size(); ++i) {
    const Stage stage = describe_stage(context, i);
    const double constraints = static_cast<double>(stage.num_queries + stage.padding + 2);
    const double batching = log2_bad_fraction(constraints) + stage.log2_batch_list;
    if (i == 0) {
      for (const TermContext::Base& base : context.bases()) {
        add_query_term(context, base.name, base.params, base.bound, batching, terms);
      }
    } else {
      add_query_term(context, stage.name, params.folds[i - 1], context.folds[i - 1], batching, terms);
    }
    terms.push_back(equal_rounds("batching after " + stage.name,
                                 formatted("(t + 2 + padding) L/|K|, t = %llu, padding = %llu, L = 2^%.2f",
                                           static_cast<unsigned long long>(stage.num_queries),
                                           static_cast<unsigned long long>(stage.padding), stage.log2_batch_list),
                                 "powers of one challenge", batching));
  }
}

}  // namespace zkinfer::soundness
