// SPDX-License-Identifier: Apache-2.0
// One oracle of the parameter search: given rows, lanes and domain, the least number of queries t, where the number of
// random rows T depends on t and the rate, hence t, on T. Internal to the folder.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <tuple>

#include "commit/pcs/params.h"

namespace zkinfer::soundness {

// T = per_query * t + fixed.
struct RandomRows {
  std::uint64_t per_query = 0;
  std::uint64_t fixed = 0;
  std::uint64_t operator()(std::uint64_t num_queries) const { return per_query * num_queries + fixed; }
};

struct OracleGoal {
  Decoding decoding = Decoding::kJohnson;
  double fold_bits = 129.0;   // the fold error's target
  double query_bits = 112.0;  // what queries must give, without grinding
  RandomRows random_rows;
  double max_log2_list = 1e9;  // a smaller multiplicity is taken to keep the list below
};

// nullopt when the rate is above 1/2, the fold error cannot be reached, or t would not fit the domain.
std::optional<pcs::CodeParams> solve_oracle(const OracleGoal& goal, std::uint64_t num_coefs, int log_lanes,
                                            int log_domain);

// The same for one goal, each solved once: a search asks for the same oracles at every price.
class SolvedOracles {
 public:
  explicit SolvedOracles(const OracleGoal& goal) : goal_(goal) {}
  const std::optional<pcs::CodeParams>& operator()(std::uint64_t num_coefs, int log_lanes, int log_domain);

 private:
  OracleGoal goal_;
  std::map<std::tuple<std::uint64_t, int, int>, std::optional<pcs::CodeParams>> solved_;
};

// The least d with rows <= 2^(d-1).
int least_log_domain(std::uint64_t num_coefs);

}  // namespace zkinfer::soundness
