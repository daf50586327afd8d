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
#include "zkinfer/evaluation_check.h"

namespace zkinfer::cli {

Result<DataSet> load_data_set(const std::string& path);

// Name, digest, root, columns, what is there twice.
std::vector<std::pair<std::string, std::string>> data_set_rows(const DataSet& data);
nlohmann::ordered_json data_set_json(const DataSet& data);

// What a verifier asks of an evaluation beyond its proofs, as options.
struct DemandArguments {
  EvaluationDemands demands;  // without the nonce
  std::string nonce;

  bool is_any() const {
    return !demands.metric.empty() || !nonce.empty() || demands.output.has_value() || demands.sampled.has_value() ||
           demands.at_least.has_value() || demands.at_most.has_value();
  }
};
void add_demand_options(CLI::App& command, DemandArguments& arguments);
Result<EvaluationDemands> read_demands(const DemandArguments& arguments);
// 64 hexadecimal digits; --nonce: zeros of none.
Result<Digest> parse_digest(const std::string& option, const std::string& text);
Result<Digest> parse_nonce(const std::string& text);

std::string interval_text(const Interval& interval);  // "95.02 % to 97.40 %"
// Name and value of each figure; with those of classes and, of a sample, what they say of other rows.
std::vector<std::pair<std::string, std::string>> figure_rows(const EvaluationResult& result, double confidence,
                                                             bool with_classes = true);
// "the counts of each of 3 chunks of 8 rows, nothing of single rows"
std::string shown_text(const EvaluationResult& result);
// Sentences: what it does not say.
std::vector<std::string> limits_of(const EvaluationResult& result, const DataSet& data);
// The figures, and a matrix where there is one. Of a sample with what they say of other rows.
std::string figures_text(const EvaluationResult& result, double confidence);
// The first of them.
std::string evaluation_line(const EvaluationResult& result);
// What it says, of which rows, what is shown by it, and what it does not say.
std::string evaluation_text(const EvaluationResult& result, const DataSet& data, double confidence);

}  // namespace zkinfer::cli
