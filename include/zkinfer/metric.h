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
};

// The class of a row: the index of the output's largest entry, the first of equal ones; of an output of one whole number, that number.
struct Metric {
  MetricKind kind = MetricKind::kAccuracy;
  std::uint32_t output = 0;      // which of the model's outputs
  std::uint32_t num_groups = 1;  // that rows are in: each is counted on its own
  std::uint32_t k = 1;           // kTopK's; 1 otherwise

  friend bool operator==(const Metric&, const Metric&) = default;
};

}  // namespace zkinfer
