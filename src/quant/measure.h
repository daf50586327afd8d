// SPDX-License-Identifier: Apache-2.0
// How exact a program is on calibration inputs: which of them are looked at, and what is measured there.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "ir/graph.h"
#include "quant/calibration.h"
#include "quant/quantize.h"
#include "zkinfer/status.h"

namespace zkinfer::quant {

inline constexpr std::size_t kLeastSplit = 12;  // fewer calibration inputs are not split

// Statistics come from some inputs and errors are measured on others: what clips on unseen data shows.
struct Split {
  std::vector<std::size_t> statistics, held_out;
};

Split split_inputs(std::size_t count);

// Elements of all computed values: what one integer run costs, roughly.
std::int64_t num_elements(const ir::Graph& graph);
bool is_score_vector(const ir::Graph& graph);

// What is compared: some calibration inputs, and the margin between the two best scores of all of them.
struct Reference {
  std::vector<std::size_t> inputs;  // indices
  std::vector<double> margins;      // empty unless the model has one output that is a vector of scores
  std::vector<bool> output_steps;   // QuantOptions::output_steps
  std::size_t num_carried = 0;      // QuantOptions::num_carried
};

Reference make_reference(const ir::Graph& graph, const Calibration& calibration, const QuantOptions& options);
// More inputs, held out or not, that a choice is tried on before it is taken: what a few inputs show well may fail on others.
Reference wider(const Reference& reference, const ir::Graph& graph, std::size_t num_inputs);

struct Measurement : Measured {
  std::size_t worst = 0;  // the input of the error that is largest beside its output's largest element
};

// The largest error is that of an element of an output, relative to its largest element; an arg max is estimated to change with the
// probability that a normal error of the measured size of (error of best - error of second best) exceeds the margin.
// progress: told the share that is done; null: nobody.
Result<Measurement> measure(const ir::Graph& graph, const Calibration& calibration, std::span<const TensorMap> inputs,
                            const Reference& reference, const Quantized& quantized,
                            const std::function<Status(double)>& progress);

// Of errors over the target: the logarithms' sum, 0 when all outputs are exact enough.
double excess_of(const Measured& measured, double target_error);

}  // namespace zkinfer::quant
