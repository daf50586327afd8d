// SPDX-License-Identifier: Apache-2.0
#include "soundness/oracle_search.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "soundness/code_bound.h"

namespace zkinfer::soundness {

namespace {

constexpr std::uint64_t kMaxQueries = 4096;
constexpr int kMaxIterations = 64;

}  // namespace

int least_log_domain(std::uint64_t num_coefs) {
  return static_cast<int>(std::bit_width(num_coefs > 0 ? num_coefs - 1 : 0)) + 1;
}

const std::optional<pcs::CodeParams>& SolvedOracles::operator()(std::uint64_t num_coefs, int log_lanes,
                                                                int log_domain) {
  const auto [found, is_new] = solved_.try_emplace({num_coefs, log_lanes, log_domain});
  if (is_new) found->second = solve_oracle(goal_, num_coefs, log_lanes, log_domain);
  return found->second;
}

std::optional<pcs::CodeParams> solve_oracle(const OracleGoal& goal, std::uint64_t num_coefs, int log_lanes,
                                            int log_domain) {
  pcs::CodeParams oracle;
  oracle.num_coefs = num_coefs;
  oracle.log_lanes = static_cast<std::uint8_t>(log_lanes);
  oracle.log_domain = static_cast<std::uint8_t>(log_domain);
  const double pairs = log_lanes == 0 ? 0.0 : log_lanes - 1.0;
  std::uint64_t num_queries = 1;
  // More random rows raise the rate, hence t: the iteration climbs to the least fixed point.
  for (int iteration = 0; iteration < kMaxIterations; ++iteration) {
    oracle.num_random_coefs = goal.random_rows(num_queries);
    if (oracle.dimension() < 1 || 2 * oracle.dimension() > oracle.domain_size()) return std::nullopt;
    const std::uint32_t limit = multiplicity_limit(oracle, goal.decoding, goal.max_log2_list);
    // The rate still climbs: whether the list is short enough is decided at the end.
    const CodeBound bound = best_code_bound(oracle, goal.decoding, goal.fold_bits, std::max(limit, kMinMultiplicity));
    if (!bound.usable || bound.log2_fold + pairs > -goal.fold_bits) return std::nullopt;
    const std::uint64_t most = std::min(kMaxQueries, oracle.domain_size() - 1);
    const std::uint64_t needed = least_queries(bound, oracle.domain_size(), goal.query_bits, most);
    if (needed == 0) return std::nullopt;
    if (needed <= num_queries) {
      if (limit < kMinMultiplicity) return std::nullopt;
      oracle.num_queries = static_cast<std::uint32_t>(num_queries);
      return oracle;
    }
    num_queries = needed;
  }
  return std::nullopt;
}

}  // namespace zkinfer::soundness
