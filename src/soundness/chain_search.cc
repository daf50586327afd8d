// SPDX-License-Identifier: Apache-2.0
#include "soundness/chain_search.h"

#include <bit>
#include <cmath>

#include "soundness/contract_price.h"
#include "soundness/proof_size.h"
#include "soundness/prover_work.h"

namespace zkinfer::soundness {

namespace {

constexpr int kMaxDepth = 7;
constexpr int kMinFoldLanes = 2;
constexpr int kMaxFoldLanes = 5;
constexpr int kMaxLogInverseRate = 11;
constexpr std::uint64_t kMaxFinal = 1024;
constexpr double kExtensionBytes = 24.0;
// The rows of X, some 20, at one entry more of X*: 80 gas each.
constexpr double kMaskPerFinal = 100.0;

}  // namespace

std::uint64_t rounded_to_digits(std::uint64_t n, int digits) {
  const int drop = static_cast<int>(std::bit_width(n)) - digits;
  if (drop <= 0) return n;
  return ((n + (std::uint64_t{1} << drop) - 1) >> drop) << drop;
}

const ChainPlan& ChainSearch::best_at(std::uint64_t length, int depth) {
  const auto key = std::make_pair(length, depth);
  if (const auto found = plans_.find(key); found != plans_.end()) return found->second;
  ChainPlan plan;
  // Each hidden element is sent once under its pad and once inside X*.
  const double copies = prices_.zero_knowledge ? 2.0 : 1.0;
  if (length <= kMaxFinal) {
    plan.found = true;
    const auto rounds = static_cast<double>(std::bit_width(length - 1));
    plan.cost = copies * kExtensionBytes * (static_cast<double>(length) + 2.0 * rounds);
    if (prices_.for_contracts) plan.cost += contract_final(length) + kMaskPerFinal * static_cast<double>(length);
  }
  if (depth < kMaxDepth) {
    for (int log_lanes = kMinFoldLanes; log_lanes <= kMaxFoldLanes; ++log_lanes)
      try_fold(length, depth, log_lanes, plan);
  }
  return plans_.emplace(key, std::move(plan)).first->second;
}

void ChainSearch::try_fold(std::uint64_t length, int depth, int log_lanes, ChainPlan& plan) {
  const std::uint64_t lanes = std::uint64_t{1} << log_lanes;
  const std::uint64_t rows = rounded_to_digits(pcs::fold_rows(length, log_lanes), prices_.end_digits);
  if (rows < 4) return;
  const double copies = prices_.zero_knowledge ? 2.0 : 1.0;
  const int first = least_log_domain(rows);
  for (int log_domain = first; log_domain <= std::min(first + kMaxLogInverseRate, 32); ++log_domain) {
    const double elements = 3.0 * std::exp2(log_domain + log_lanes);
    if (elements > static_cast<double>(prices_.cap >> depth)) break;
    const double messages = 32.0 + 8.0 + copies * kExtensionBytes * (1.0 + 2.0 * log_lanes);
    const double without_queries =
        messages + prices_.price * code_word_work(static_cast<std::uint32_t>(log_domain), 3 * lanes);
    if (plan.found && without_queries >= plan.cost) break;
    const std::optional<pcs::CodeParams>& oracle = (*prices_.oracles)(rows, log_lanes, log_domain);
    if (!oracle || oracle->dimension() >= length) continue;
    const double by_contract = prices_.for_contracts ? contract_rows(*oracle, false) : 0.0;
    const double own = without_queries + by_contract +
                       expected_query_bytes(static_cast<std::uint32_t>(log_domain), oracle->num_queries, 24 * lanes);
    if (plan.found && own >= plan.cost) continue;
    const ChainPlan& rest = best_at(rounded_to_digits(oracle->dimension(), kLengthDigits), depth + 1);
    if (!rest.found || (plan.found && own + rest.cost >= plan.cost)) continue;
    plan.found = true;
    plan.cost = own + rest.cost;
    plan.folds.assign(1, FoldShape{log_lanes, log_domain});
    plan.folds.insert(plan.folds.end(), rest.folds.begin(), rest.folds.end());
  }
}

}  // namespace zkinfer::soundness
