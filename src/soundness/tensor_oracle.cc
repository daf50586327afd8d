// SPDX-License-Identifier: Apache-2.0
#include "soundness/tensor_oracle.h"

#include <cmath>
#include <optional>
#include <string>

#include "soundness/caps.h"
#include "soundness/code_bound.h"
#include "soundness/largest_budget.h"
#include "soundness/oracle_search.h"
#include "soundness/proof_size.h"

namespace zkinfer::soundness {

namespace {

// Prices in bytes of proof. The dimension lengthens v_1, which the folds pay for in bytes as well; code words cost time.
constexpr double kBytesPerRow = 1.0;
constexpr double kBytesPerElement = 0x1p-7;

std::optional<pcs::CodeParams> search(const TensorRequest& request, std::uint64_t budget) {
  OracleGoal goal;
  goal.decoding = request.security.decoding;
  goal.fold_bits = request.security.bits + kDataFoldMargin;
  goal.query_bits = static_cast<double>(request.security.bits) - request.security.pow_bits + kQueryMargin;
  goal.max_log2_list = kMaxDataLog2List;
  if (budget > 0) goal.random_rows = {budget, 4};
  const auto cap = static_cast<double>(tensor_cap(request.elements, budget));
  std::optional<pcs::CodeParams> best;
  double best_cost = 0.0;
  for (int log_lanes = kMinLogLanes; log_lanes <= kMaxLogLanes; ++log_lanes) {
    const std::uint64_t num_coefs = request.rows(log_lanes);
    for (int log_domain = least_log_domain(num_coefs); log_domain <= kMaxLogBaseDomain; ++log_domain) {
      const double size = std::exp2(log_domain + log_lanes);
      if (size > cap) break;
      const auto oracle = solve_oracle(goal, num_coefs, log_lanes, log_domain);
      if (!oracle) continue;
      const double cost = expected_query_bytes(oracle->log_domain, oracle->num_queries, std::uint64_t{8} << log_lanes) +
                          kBytesPerRow * static_cast<double>(oracle->dimension()) + kBytesPerElement * size;
      if (best && cost >= best_cost) continue;
      best = oracle;
      best_cost = cost;
    }
  }
  return best;
}

}  // namespace

Result<pcs::TensorOracle> tensor_oracle(const TensorRequest& request) {
  if (const std::optional<pcs::CodeParams> oracle = search(request, request.budget)) {
    return pcs::TensorOracle{*oracle, request.budget};
  }
  const std::uint64_t most =
      largest_budget(request.budget, [&](std::uint64_t budget) { return search(request, budget).has_value(); });
  std::string message = "no parameters for a commitment to " + std::to_string(request.elements) +
                        " numbers that serves " + std::to_string(request.budget) + " proofs";
  if (most > 0) message += "; a budget of " + std::to_string(most) + " proofs works";
  return resource_limit(message + "; for more proofs commit to the tensor again");
}

}  // namespace zkinfer::soundness
