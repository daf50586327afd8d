// SPDX-License-Identifier: Apache-2.0
// Evaluations for people to look at: what was proven of a committed model, on which rows, what stays hidden, and what it does not show.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "zkinfer/evaluation_check.h"

namespace zkinfer::cli {

// One that was accepted.
struct CheckedEvaluation {
  std::string file;
  std::size_t num_bytes = 0;
  double verify_seconds = 0;
  EvaluationResult result;
};

// A self-contained HTML page without scripts. key: of all of them. said: what programs are told. check_with: the command that checks them. None of the
// evaluations: not allowed.
std::string evaluation_html(const KeyInfo& key, const DataSet& data, const std::vector<CheckedEvaluation>& evaluations,
                            double confidence, const std::string& check_with, const nlohmann::ordered_json& said);

}  // namespace zkinfer::cli
