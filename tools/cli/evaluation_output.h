// SPDX-License-Identifier: Apache-2.0
// Evaluations for people and for programs, as `evaluate` and `verify` show them; and their data sets.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "command.h"
#include "zkinfer/data_set.h"
#include "zkinfer/evaluation.h"

namespace zkinfer::cli {

Result<DataSet> load_data_set(const std::string& path);

// Name, digest, root, columns, what is there twice.
std::vector<std::pair<std::string, std::string>> data_set_rows(const DataSet& data);
nlohmann::ordered_json data_set_json(const DataSet& data);

// The figures, and a matrix where there is one.
std::string figures_text(const EvaluationResult& result);
// The first of them.
std::string evaluation_line(const EvaluationResult& result);
// What it says, of which rows, what is shown by it, and what it does not say.
std::string evaluation_text(const EvaluationResult& result, const DataSet& data);
// "metric", "figures", "counts", "chunks" and what they are about.
nlohmann::ordered_json evaluation_json(const EvaluationResult& result, const DataSet& data);

}  // namespace zkinfer::cli
