// SPDX-License-Identifier: Apache-2.0
// Evaluations for people and for programs, as `evaluate` and `verify` show them; and their data sets.
#pragma once

#include <optional>
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

// What a verifier asks of an evaluation beyond its proofs.
struct EvaluationDemands {
  std::string metric, nonce;
  std::optional<double> at_least, at_most;
  double confidence = 0.999;  // of what a sample says of other rows

  bool is_any() const { return !metric.empty() || !nonce.empty() || at_least.has_value() || at_most.has_value(); }
};
void add_demand_options(CLI::App& command, EvaluationDemands& demands);
// 64 hexadecimal digits; --nonce: zeros of none.
Result<Digest> parse_digest(const std::string& option, const std::string& text);
Result<Digest> parse_nonce(const std::string& text);
// The verdict; of an accepted one rejected where it is of another metric or nonce, or its first figure is not what was asked; of a sample what it says of
// the whole set, at the worse end. Errors: demands that nobody can meet; a sample without a nonce to compare.
Result<Verdict> check_demands(const EvaluationDemands& demands, const EvaluationResult& result);

// The figures, and a matrix where there is one. Of a sample with what they say of other rows.
std::string figures_text(const EvaluationResult& result, double confidence);
// The first of them.
std::string evaluation_line(const EvaluationResult& result);
// What it says, of which rows, what is shown by it, and what it does not say.
std::string evaluation_text(const EvaluationResult& result, const DataSet& data, double confidence);
// "metric", "figures", "counts", "chunks" and what they are about.
nlohmann::ordered_json evaluation_json(const EvaluationResult& result, const DataSet& data, double confidence);

}  // namespace zkinfer::cli
