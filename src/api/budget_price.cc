// SPDX-License-Identifier: Apache-2.0
#include "api/budget_price.h"

#include <cmath>

#include "soundness/proof_size.h"
#include "soundness/prover_work.h"

namespace zkinfer::api {

BudgetPrice price_of(const statement::Key& key) {
  const pcs::OpeningParams& params = key.params;
  BudgetPrice price;
  price.budget = params.model_budget;
  for (const statement::Key& segment : key.segments) {
    const BudgetPrice own = price_of(segment);
    price.opening_bytes += own.opening_bytes;
    price.committed_elements += own.committed_elements;
    price.code_word_bytes += own.code_word_bytes;
  }
  if (key.is_segmented()) return price;
  price.opening_bytes = static_cast<std::uint64_t>(std::llround(soundness::estimate_proof_bytes(params).total()));
  price.committed_elements = static_cast<std::uint64_t>(soundness::committed_elements(params));
  if (params.has_model) price.code_word_bytes = (std::uint64_t{8} << params.model.log_domain) << params.model.log_lanes;
  return price;
}

}  // namespace zkinfer::api
