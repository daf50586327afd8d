// SPDX-License-Identifier: Apache-2.0
#include "api/budget_price.h"

#include <cmath>

#include "soundness/proof_size.h"
#include "soundness/prover_work.h"

namespace zkinfer::api {

BudgetPrice price_of(const pcs::OpeningParams& params) {
  BudgetPrice price;
  price.budget = params.model_budget;
  price.opening_bytes = static_cast<std::uint64_t>(std::llround(soundness::estimate_proof_bytes(params).total()));
  price.committed_elements = static_cast<std::uint64_t>(soundness::committed_elements(params));
  if (params.has_model) price.code_word_bytes = (std::uint64_t{8} << params.model.log_domain) << params.model.log_lanes;
  return price;
}

}  // namespace zkinfer::api
