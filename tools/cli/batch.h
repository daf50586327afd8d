// SPDX-License-Identifier: Apache-2.0
// Work on many samples in one process: what fails is said and the others go on. Ctrl-C ends it after the sample that is being
// worked on, and what was done is said; a second one ends the process at once.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "command.h"
#include "progress.h"
#include "samples.h"

namespace zkinfer::cli {

class Batch {
 public:
  Batch(Session& session, Samples& samples, ProgressLine& line, double begin = 0);  // of the line's share

  // Calls `work` for every sample that can be read; what it returns is kept as the item's JSON. An error that the next sample
  // would meet as well (no slot, no room on the disk, a bug) ends the work.
  void run(const std::function<Result<nlohmann::ordered_json>(std::size_t item, const RealInputs& inputs)>& work);
  // Of the work on one item, as a share of all.
  Progress progress();
  // Before something is printed.
  void clear_line() { line_.clear(); }

  std::size_t num_done() const { return num_done_; }
  std::size_t num_failed() const { return num_failed_; }
  // "18 of 20", and what became of the others.
  std::string summary() const;
  // {"items": [..], "num_items", "num_done", "num_failed", "interrupted"}
  nlohmann::ordered_json json() const;
  // kDone if everything succeeded.
  ExitCode exit_code() const { return exit_code_; }

 private:
  void fail(std::size_t item, const Status& status);
  nlohmann::ordered_json named(std::size_t item) const;

  Session& session_;
  Samples& samples_;
  ProgressLine& line_;
  double begin_;
  std::size_t current_ = 0, num_done_ = 0, num_failed_ = 0;
  nlohmann::ordered_json items_ = nlohmann::ordered_json::array();
  ExitCode exit_code_ = ExitCode::kDone;
};

// Clipping of many samples together: one warning for each input that was clipped anywhere.
class ClippingSum {
 public:
  void add(const std::vector<Clipping>& clipping);
  // advice: "" where the command has no --strict.
  void warn(Session& session, const char* advice = "; --strict refuses such inputs") const;
  const std::vector<Clipping>& inputs() const { return inputs_; }

 private:
  std::vector<Clipping> inputs_;
  std::vector<std::size_t> num_samples_;  // in which it was clipped, by input
  std::size_t num_all_ = 0;
};

}  // namespace zkinfer::cli
