// SPDX-License-Identifier: Apache-2.0
// How a committed model does on a data set, proven; of single rows nothing is shown but what the metric counts. A model, a data set that
// everybody has (data_set.h), and one file (docs/formats/evaluation.md) that Prover::evaluate makes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "zkinfer/metric.h"
#include "zkinfer/verify.h"

namespace zkinfer {

// What an evaluation says of itself.
struct EvaluationInfo {
  Digest identity{};  // of the key that it was made under
  Digest data_set{};  // DataSet::digest
  Metric metric;
  std::uint64_t num_rows = 0, chunk_rows = 0;  // of the data set, and of each proof but perhaps the last

  std::uint64_t num_chunks() const { return (num_rows + chunk_rows - 1) / chunk_rows; }
};
// Checked by nobody; none if the bytes do not begin like an evaluation.
std::optional<EvaluationInfo> claimed_evaluation(ByteView bytes);

// A data set as the integers that a model takes (DataSet::rows_for).
struct EvaluationRows {
  Digest data_set{};
  // Of each input of the model, then the labels, then, where the metric has several groups, the groups: all rows, one behind the other.
  std::vector<std::vector<std::int64_t>> columns;
};

// Everything but the verdict is empty unless accepted. slot: the first chunk's.
struct EvaluationResult : VerifySummary {
  EvaluationInfo info;
  std::int64_t first_class = 0, num_classes = 0;
  std::vector<std::uint64_t> slots;                // of the chunks
  std::vector<std::vector<std::uint64_t>> chunks;  // what each counted, by cell
  std::vector<std::uint64_t> counts;               // all of them together
};
// Checks that the key's model gives these counts on these rows. Of the request weights and context are asked for; which metric was counted
// is for the caller to compare.
EvaluationResult verify_evaluation(const VerificationKey& key, ByteView evaluation, const EvaluationRows& rows,
                                   const VerifyRequest& request);

// A figure that follows from counts, exactly: numerator / denominator; of 0 / 0 there is none.
struct Figure {
  std::string name;  // "accuracy", "f1"
  std::optional<std::uint64_t> group;
  std::optional<std::int64_t> label;
  std::uint64_t numerator = 0, denominator = 0;

  double value() const { return static_cast<double>(numerator) / static_cast<double>(denominator); }
};
// "accuracy", "confusion", "top-5".
std::string metric_name(const Metric& metric);
// Of all rows first, then, of several groups, of each. Of a confusion matrix precision, recall and F1 of each class, too.
std::vector<Figure> figures(const EvaluationResult& result);
// Rows of `label` that were given `predicted`, both counted from 0; of a confusion matrix.
std::uint64_t confusion(const EvaluationResult& result, std::uint64_t group, std::int64_t label,
                        std::int64_t predicted);

}  // namespace zkinfer
