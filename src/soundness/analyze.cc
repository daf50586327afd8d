// SPDX-License-Identifier: Apache-2.0
#include "soundness/analyze.h"

#include <algorithm>
#include <cmath>

#include "soundness/challenge.h"
#include "soundness/code_bound.h"
#include "soundness/terms.h"

namespace zkinfer::soundness {

void add_term(std::vector<SoundnessTerm>& terms, std::string label, double log2_error, std::uint64_t rounds) {
  const double total = log2_error + std::log2(static_cast<double>(rounds == 0 ? 1 : rounds));
  terms.push_back({std::move(label), to_bits(log2_error), rounds, to_bits(total)});
}

double log2_vector_size(const pcs::CodeParams& oracle) {
  return std::log2(static_cast<double>(oracle.dimension())) + oracle.log_lanes;
}

double TermContext::log2_all_lists() const {
  double sum = 0.0;
  for (const Base& base : bases()) sum += base.bound.log2_list;
  return sum;
}

std::vector<TermContext::Base> TermContext::bases() const {
  std::vector<Base> out;
  if (params.has_model) out.push_back({"M", params.model, model, true});
  for (std::size_t i = 0; i < params.data.size(); ++i) {
    out.push_back({"D_" + std::to_string(i + 1), params.data[i].oracle, data[i], true});
  }
  out.push_back({"W", params.witness, witness, false});
  return out;
}

std::string TermContext::base_names() const {
  std::string names;
  for (const Base& base : bases()) names += (names.empty() ? "" : ", ") + base.name;
  return names;
}

TermContext make_context(const pcs::OpeningParams& params, const OuterShape& shape) {
  const Decoding decoding = params.security.decoding;
  const auto best = [&](const pcs::CodeParams& code) {
    return best_code_bound(code, decoding, params.security.bits + kFoldMargin);
  };
  TermContext context{params, shape, {}, {}, {}, {}, {}};
  if (params.has_model) context.model = best(params.model);
  for (const pcs::TensorOracle& data : params.data) {
    const std::uint32_t limit =
        std::max(kMinMultiplicity, multiplicity_limit(data.oracle, decoding, data_log2_list_limit(params.data.size())));
    context.data.push_back(
        best_code_bound(data.oracle, decoding, params.security.bits + data_fold_margin(params.num_bases()), limit));
  }
  context.witness = best(params.witness);
  for (const pcs::CodeParams& fold : params.folds) context.folds.push_back(best(fold));
  if (params.security.zero_knowledge) context.mask = best(params.mask);
  return context;
}

SoundnessReport analyze(const pcs::OpeningParams& params, const OuterShape& shape) {
  const TermContext context = make_context(params, shape);
  SoundnessReport report;
  report.target_bits = params.security.bits;
  report.zero_knowledge = params.security.zero_knowledge;
  add_identity_terms(context, report.terms);
  add_outer_terms(context, report.terms);
  add_fold_terms(context, report.terms);
  add_query_terms(context, report.terms);
  add_mask_terms(context, report.terms);
  // Merkle trees bind up to collisions of a 256-bit digest: Q hash calls find one with probability about Q^2/2^257, that
  // is 128 bits of work. It is not a round of the protocol, so it counts for the worst term but not in the sum over
  // rounds; exactly 128, without the slack of rounding.
  report.terms.push_back({.label = "hash", .bits = 128.0, .total_bits = 128.0, .is_round = false});
  add_hiding_terms(context, report.hiding_terms);
  return report;
}

}  // namespace zkinfer::soundness
