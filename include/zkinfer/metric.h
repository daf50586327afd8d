// SPDX-License-Identifier: Apache-2.0
// What an evaluation counts (evaluation.h). A metric is a head that verifiers put behind the model's program, so that the numbers are
// about the model's own outputs; it is no part of the model.
#pragma once

#include <cstdint>

namespace zkinfer {

enum class MetricKind : std::uint32_t {
  kAccuracy = 0,   // rows whose class is the label
  kConfusion = 1,  // rows of each label and class
  kTopK = 2,       // rows whose label is among the k classes with the largest entries; of equal ones the first
  kMse = 3,        // sums of squared differences from the targets
  kMae = 4,        // sums of absolute differences
  kAuc = 5,        // pairs of a row of class k and another one that the score puts in order
  kPerplexity =
      6,  // sums of what the labels of a row's positions cost: -ln of their share in the exponentials of the scores, in nats
};

// The class of a row: the index of the output's largest entry, the first of equal ones; of an output of one whole number, that number.
// The score of a row: of an output of one number that number; of two entries the k-th less the other; else the k-th.
// The scores of a perplexity are along the output's last axis, all before it are positions; of a Softmax or ArgMax over scores these are taken.
struct Metric {
  MetricKind kind = MetricKind::kAccuracy;
  std::uint32_t output = 0;      // which of the model's outputs
  std::uint32_t num_groups = 1;  // that rows are in: each is counted on its own
  std::uint32_t k = 1;           // kTopK's; kAuc's class, 1 for an output of one number; 1 otherwise

  // Rows add numbers up; else each counts for a cell.
  bool is_summed() const { return has_targets() || kind == MetricKind::kPerplexity; }
  bool has_targets() const { return kind == MetricKind::kMse || kind == MetricKind::kMae; }

  friend bool operator==(const Metric&, const Metric&) = default;
};

}  // namespace zkinfer
