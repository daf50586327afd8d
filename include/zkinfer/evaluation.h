// SPDX-License-Identifier: Apache-2.0
// How a committed model does on a data set, proven; of single rows nothing is shown but what the metric counts. A model, a data set that
// everybody has (data_set.h), and one file (docs/formats/evaluation.md) that Prover::evaluate makes.
#pragma once

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "zkinfer/fidelity.h"
#include "zkinfer/metric.h"
#include "zkinfer/share_bounds.h"
#include "zkinfer/verify.h"

namespace zkinfer {

// What an evaluation says of itself.
struct EvaluationInfo {
  Digest identity{};  // of the key that it was made under
  Digest data_set{};  // DataSet::digest
  Metric metric;
  bool totals_only = false;                    // what single chunks count is hidden
  std::uint64_t num_rows = 0, chunk_rows = 0;  // that are counted, and of each proof but perhaps the last
  std::uint64_t set_rows = 0;  // of the data set: where there are more, a nonce chose those that are counted
  Digest nonce{};              // zeros where all are

  bool is_sampled() const { return num_rows < set_rows; }
  std::uint64_t num_chunks() const { return (num_rows + chunk_rows - 1) / chunk_rows; }
};
// Checked by nobody; none if the bytes do not begin like an evaluation.
std::optional<EvaluationInfo> claimed_evaluation(ByteView bytes);

// A data set as the integers that a model takes (DataSet::rows_for).
struct EvaluationRows {
  Digest data_set{};
  // Of each input of the model, then the labels (of an AUC 1 for the class and 0 for others, or the targets), then, where the metric has several
  // groups, the groups (of errors a list of 0 and one 1): all rows, one behind the other.
  std::vector<std::vector<std::int64_t>> columns;
};

// Everything but the verdict is empty unless accepted. slot: the first chunk's.
struct EvaluationResult : VerifySummary {
  EvaluationInfo info;
  std::int64_t first_class = 0, num_classes = 0;
  std::vector<std::uint64_t> slots;                // of the chunks
  std::vector<std::vector<std::uint64_t>> chunks;  // what each counted; none where totals alone are shown
  // Of all chunks together: rows by cell; sums of errors or losses by group, in units of `unit`, of squared ones of its square; of an AUC pairs of a row of
  // the class and another one in order, counted twice, and equal ones once, then the rows of the class, then the others.
  std::vector<std::uint64_t> counts;
  // Of errors and perplexities: real units (a perplexity's in nats), numbers or positions of a row's output, rows of each group, and the sum of squared deviations of the targets from the mean of their
  // place in the output, in units of `unit` squared.
  double unit = 1;
  std::uint64_t num_targets = 0;
  std::vector<std::uint64_t> group_rows;
  double target_deviation = 0;
  // By input, of rows that check_evaluation made integers of: what lay outside of the model's range. The evaluation is about the nearest ends.
  std::vector<Clipping> clipping;
};
// Checks that the key's model gives these counts on these rows, which are those of the whole data set. Of the request weights and context are
// asked for; which metric was counted, and of a sample which nonce chose it, is for the caller to compare.
EvaluationResult verify_evaluation(const VerificationKey& key, ByteView evaluation, const EvaluationRows& rows,
                                   const VerifyRequest& request);

// A figure that follows from counts, exactly: factor * numerator / denominator; of 0 / 0 there is none.
struct Figure {
  std::string name;  // "accuracy", "f1", "mse"
  std::optional<std::uint64_t> group;
  std::optional<std::int64_t> label;
  std::uint64_t numerator = 0, denominator = 0;
  double factor = 1;  // of errors: what one is worth in real units, or in their square; of a perplexity in nats
  bool is_exponential = false;  // the value is e to the power of this

  double value() const {
    const double mean = factor * static_cast<double>(numerator) / static_cast<double>(denominator);
    return is_exponential ? std::exp(mean) : mean;
  }
};
// How well the model's output follows the targets: 1 - squared error / squared deviation of the targets from their mean. Of "mse", unless all
// targets are the same.
std::optional<double> r_squared(const EvaluationResult& result);
// What a share of a sample says of all rows of the data set, and of the source that these rows were drawn from: that the share there is
// within, but for a chance of 1 - confidence (share_bounds.h). None of what is no share of a fixed number of rows (precision, errors, AUC).
struct ShareBounds {
  Interval of_set, beyond;
};
std::optional<ShareBounds> share_bounds(const EvaluationResult& result, const Figure& figure, double confidence);
// "accuracy", "confusion", "top-5", "mse", "mae", "auc-1", "perplexity".
std::string metric_name(const Metric& metric);
// Of all rows first, then, of several groups, of each. Of a confusion matrix precision, recall and F1 of each class, too.
std::vector<Figure> figures(const EvaluationResult& result);
// Rows of `label` that were given `predicted`, both counted from 0; of a confusion matrix.
std::uint64_t confusion(const EvaluationResult& result, std::uint64_t group, std::int64_t label,
                        std::int64_t predicted);

}  // namespace zkinfer
