// SPDX-License-Identifier: Apache-2.0
// zkinfer verify --report: a page of the evaluations that were checked.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "output_files.h"
#include "report/evaluation_page.h"

namespace zkinfer::cli {

class VerifyReport {
 public:
  // Empty: nothing is written.
  explicit VerifyReport(std::string path) : path_(std::move(path)) {}
  bool is_asked_for() const { return !path_.empty(); }
  const std::string& path() const { return path_; }

  // Before anything is checked. reads: what the command reads.
  Status prepare(const std::vector<std::string>& reads, bool keeps_standard_output);
  void add(CheckedEvaluation evaluation) { evaluations_.push_back(std::move(evaluation)); }
  // When all that was given was accepted.
  Status write(const KeyInfo& key, const DataSet& data, double confidence, const std::string& check_with,
               const nlohmann::ordered_json& said);

 private:
  std::string path_;
  std::unique_ptr<OutputFiles> files_;
  OutputFiles::Id page_ = 0;
  std::vector<CheckedEvaluation> evaluations_;
};

}  // namespace zkinfer::cli
