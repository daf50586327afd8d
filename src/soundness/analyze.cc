// SPDX-License-Identifier: Apache-2.0
#include "soundness/analyze.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>

#include "soundness/challenge.h"
#include "soundness/code_bound.h"
#include "soundness/terms.h"

namespace zkinfer::soundness {

SoundnessTerm make_term(std::string label, std::string formula, std::string source, double log2_worst,
                        std::uint64_t rounds, double log2_total, bool rests_on_johnson) {
  SoundnessTerm term;
  term.label = std::move(label);
  term.formula = std::move(formula);
  term.source = std::move(source);
  term.bits = to_bits(log2_worst);
  term.rounds = rounds;
  term.total_bits = to_bits(log2_total);
  term.rests_on_johnson = rests_on_johnson;
  return term;
}

SoundnessTerm equal_rounds(std::string label, std::string formula, std::string source, double log2_error,
                           std::uint64_t rounds, bool rests_on_johnson) {
  const double total = log2_error + std::log2(static_cast<double>(rounds == 0 ? 1 : rounds));
  return make_term(std::move(label), std::move(formula), std::move(source), log2_error, rounds, total,
                   rests_on_johnson);
}

std::string formatted(const char* format, ...) {
  char buffer[300];
  std::va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(buffer, sizeof buffer, format, arguments);
  va_end(arguments);
  return buffer;
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
    out.push_back({formatted("D_%zu", i + 1), params.data[i].oracle, data[i], true});
  }
  out.push_back({"W", params.witness, witness, false});
  return out;
}

namespace {

SoundnessReport report_of(const TermContext& context) {
  SoundnessReport report;
  report.target_bits = context.params.security.bits;
  report.zero_knowledge = context.params.security.zero_knowledge;
  add_identity_terms(context, report.terms);
  add_outer_terms(context, report.terms);
  add_fold_terms(context, report.terms);
  add_query_terms(context, report.terms);
  add_mask_terms(context, report.terms);
  add_hash_terms(context, report.terms);
  add_hiding_terms(context, report.hiding_terms);
  return report;
}

}  // namespace

SoundnessReport analyze(const pcs::OpeningParams& params, const OuterShape& shape) {
  const double fold_bits = params.security.bits + kFoldMargin;
  TermContext context{params, shape, {}, {}, {}, {}, {}};
  if (params.has_model) context.model = best_code_bound(params.model, params.security.decoding, fold_bits);
  for (const pcs::TensorOracle& data : params.data) {
    const std::uint32_t limit =
        std::max(kMinMultiplicity,
                 multiplicity_limit(data.oracle, params.security.decoding, data_log2_list_limit(params.data.size())));
    context.data.push_back(best_code_bound(data.oracle, params.security.decoding,
                                           params.security.bits + data_fold_margin(params.num_bases()), limit));
  }
  context.witness = best_code_bound(params.witness, params.security.decoding, fold_bits);
  for (const pcs::CodeParams& fold : params.folds) {
    context.folds.push_back(best_code_bound(fold, params.security.decoding, fold_bits));
  }
  if (params.security.zero_knowledge) {
    context.mask = best_code_bound(params.mask, params.security.decoding, fold_bits);
  }
  return report_of(context);
}

}  // namespace zkinfer::soundness
