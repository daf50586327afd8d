// SPDX-License-Identifier: Apache-2.0
// The folds g_1 .. g_I of the parameter search: dynamic programming over the length of the vector that is left.
// Internal to the folder.
//
// Lengths are rounded up to kLengthDigits binary digits while searching, so few of them occur; choose_params solves the chosen
// shape again with exact lengths. The state is (length, depth): the cap on a code word halves with each fold.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "soundness/oracle_search.h"

namespace zkinfer::soundness {

inline constexpr int kLengthDigits = 6;
// The least number of at most so many binary digits, and zeros behind them, that is not less.
std::uint64_t rounded_to_digits(std::uint64_t n, int digits);

struct FoldShape {
  int log_lanes = 0;
  int log_domain = 0;
};

struct ChainPlan {
  bool found = false;
  double cost = 0.0;  // bytes, plus the price of the work
  std::vector<FoldShape> folds;
};

struct ChainPrices {
  SolvedOracles* oracles = nullptr;  // outlive the search
  bool zero_knowledge = false;
  std::uint64_t cap = 0;       // F-elements of the code word of g_1
  double price = 0.0;          // bytes per unit of work (prover_work.h)
  bool for_contracts = false;  // contract_price.h
  int end_digits = 64;         // of folds' rows
};

class ChainSearch {
 public:
  explicit ChainSearch(const ChainPrices& prices) : prices_(prices) {}

  // The cheapest way to bring a vector of `length` K-elements to the final message.
  const ChainPlan& best(std::uint64_t length) { return best_at(rounded_to_digits(length, kLengthDigits), 0); }

 private:
  const ChainPlan& best_at(std::uint64_t length, int depth);
  void try_fold(std::uint64_t length, int depth, int log_lanes, ChainPlan& plan);

  ChainPrices prices_;
  std::map<std::pair<std::uint64_t, int>, ChainPlan> plans_;
};

}  // namespace zkinfer::soundness
