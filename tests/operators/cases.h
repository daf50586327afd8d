// SPDX-License-Identifier: Apache-2.0
// The operator cases: one row per operator and attribute variant, by family in cases_<family>.cc.
#pragma once

#include <ostream>
#include <span>

#include "operators/draft.h"

namespace zkinfer::operators {

struct Case {
  const char* name;
  // Adds nodes; returns the names of the model's outputs.
  std::vector<std::string> (*build)(Draft& draft);
  // |integer - float| <= slack * (sum of the layers' stated bounds): above 1 where a layer amplifies the errors of the one
  // before it, which the stated bounds do not count.
  double slack = 1;
  // A discrete output: the share of equal elements is what counts.
  bool discrete = false;
  int opset = 13;
};

inline void PrintTo(const Case& tested, std::ostream* out) { *out << tested.name; }

std::span<const Case> contract_cases();
std::span<const Case> elementwise_cases();
std::span<const Case> pool_cases();
std::span<const Case> reduce_cases();
std::span<const Case> movement_cases();
std::span<const Case> composed_cases();

}  // namespace zkinfer::operators
