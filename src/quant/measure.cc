// SPDX-License-Identifier: Apache-2.0
#include "quant/measure.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "exec/integer/executor.h"
#include "quant/options.h"
#include "quant/scale.h"

namespace zkinfer::quant {

namespace {

// Large models are measured on fewer inputs, but on many more elements each, and with fewer attempts for accuracy alone.
constexpr std::int64_t kMeasuredElements = 4000000;
constexpr std::size_t kUsualInputs = 24;
constexpr std::size_t kLeastInputs = 2;
constexpr std::size_t kLeastInputsOfChoices = 8;
constexpr std::int64_t kCheapShare = 4;
// What a choice is tried on before it is taken.
constexpr std::int64_t kConfirmedElements = 100000000;
constexpr std::size_t kLeastConfirmed = 8, kMostConfirmed = 64;
// Errors of so many standard deviations come up on inputs that nobody measured.
constexpr double kTail = 3;
// Of whole-number outputs, a share of changed entries counts as this part of an error.
constexpr double kChangedWeight = 0.2;

// Positions of the largest and the second largest element.
std::pair<std::size_t, std::size_t> best_two(std::span<const float> scores) {
  std::size_t first = scores[0] >= scores[1] ? 0 : 1;
  std::size_t second = 1 - first;
  for (std::size_t i = 2; i < scores.size(); ++i) {
    if (scores[i] > scores[first])
      second = first, first = i;
    else if (scores[i] > scores[second])
      second = i;
  }
  return {first, second};
}

}  // namespace

bool is_score_vector(const ir::Graph& graph) {
  if (graph.outputs.size() != 1) return false;
  const Shape& shape = graph.value(graph.outputs[0]).shape;
  return shape.rank() > 0 && shape.num_elements() > 1 && shape[shape.rank() - 1] == shape.num_elements();
}

Split split_inputs(std::size_t count) {
  Split split;
  for (std::size_t i = 0; i < count; ++i) {
    const bool out = count >= kLeastSplit && i % 3 == 2;
    if (!out || count < kLeastSplit) split.statistics.push_back(i);
    if (out || count < kLeastSplit) split.held_out.push_back(i);
  }
  return split;
}

std::int64_t num_elements(const ir::Graph& graph) {
  std::int64_t total = 0;
  for (const ir::Node& node : graph.nodes) total += graph.output_of(node).shape.num_elements();
  return total;
}

Reference make_reference(const ir::Graph& graph, const Calibration& calibration, const QuantOptions& options) {
  Reference reference;
  reference.output_steps = options.output_steps;
  reference.num_carried = options.num_carried;
  // Many inputs where they cost little: what goes wrong on one in fifty does not show on a dozen.
  const std::int64_t elements = std::max<std::int64_t>(1, num_elements(graph));
  const auto affordable = static_cast<std::size_t>(kMeasuredElements / elements);
  const auto cheap = static_cast<std::size_t>(kMeasuredElements / kCheapShare / elements);
  // Of choices only changed ones count, and those are few.
  const bool is_choice =
      std::ranges::any_of(graph.outputs, [&](ir::ValueId id) { return graph.value(id).dtype != ir::DataType::kFloat; });
  const std::size_t least = is_choice ? kLeastInputsOfChoices : kLeastInputs;
  const std::size_t most =
      std::min(options.max_measured_inputs, std::max({least, std::min(affordable, kUsualInputs), cheap}));
  const std::vector<std::size_t> held_out = split_inputs(calibration.outputs.size()).held_out;
  const std::size_t stride = std::max<std::size_t>(1, held_out.size() / most);
  for (std::size_t i = 0; i < held_out.size() && reference.inputs.size() < most; i += stride)
    reference.inputs.push_back(held_out[i]);
  if (!is_score_vector(graph)) return reference;
  for (const std::vector<FloatTensor>& outputs : calibration.outputs) {
    const auto [first, second] = best_two(outputs[0].data());
    reference.margins.push_back(static_cast<double>(outputs[0][first]) - static_cast<double>(outputs[0][second]));
  }
  return reference;
}

Reference wider(const Reference& reference, const ir::Graph& graph, std::size_t num_inputs) {
  Reference more = reference;
  const auto affordable = static_cast<std::size_t>(kConfirmedElements / std::max<std::int64_t>(1, num_elements(graph)));
  const std::size_t most = std::clamp(affordable, kLeastConfirmed, kMostConfirmed);
  const std::size_t stride = std::max<std::size_t>(1, num_inputs / most);
  for (std::size_t i = 0; i < num_inputs && more.inputs.size() < reference.inputs.size() + most; i += stride)
    if (std::ranges::find(reference.inputs, i) == reference.inputs.end()) more.inputs.push_back(i);
  return more;
}

Result<Measurement> measure(const ir::Graph& graph, const Calibration& calibration, std::span<const TensorMap> inputs,
                            const Reference& reference, const Quantized& quantized,
                            const std::function<Status(double)>& progress) {
  Measurement out;
  const std::size_t num_outputs = graph.outputs.size() - reference.num_carried;
  std::vector<double> largest(num_outputs, 0);
  std::vector<double> errors(num_outputs, 0);
  std::vector<double> usual(num_outputs, 0);  // an input's largest element, on average
  std::vector<double> squares(num_outputs, 0);
  std::vector<double> changed(num_outputs, 0);
  std::vector<double> cosines(num_outputs, 0);
  std::vector<std::vector<double>> by_input;  // the largest error of each output
  double pair_errors = 0;
  out.num_measured = reference.inputs.size();
  double num_done = 0;
  for (const std::size_t i : reference.inputs) {
    if (progress) ZKI_RETURN_IF_ERROR(progress(num_done++ / static_cast<double>(out.num_measured)));
    exec_integer::Inputs integers;
    for (std::size_t j = 0; j < graph.inputs.size(); ++j) {
      const FloatTensor& real = inputs[i].at(graph.value(graph.inputs[j]).name);
      ZKI_ASSIGN_OR_RETURN(auto values, quantize_input(quantized.graph.value(quantized.graph.inputs[j]), real.data()));
      integers.push_back(std::move(values));
    }
    ZKI_ASSIGN_OR_RETURN(const exec_integer::Witness witness,
                         exec_integer::run(quantized.graph, quantized.params, integers));
    std::vector<double>& own = by_input.emplace_back(num_outputs, 0);
    for (std::size_t j = 0; j < num_outputs; ++j) {
      const qir::ValueId id = quantized.graph.outputs[j];
      const std::vector<float> real = dequantize(quantized.graph.value(id), witness.values[id]);
      const FloatTensor& expected = calibration.outputs[i][j];
      const auto error = [&](std::size_t k) { return static_cast<double>(real[k]) - static_cast<double>(expected[k]); };
      double norm = 0, got_norm = 0, dot = 0, most = 0;
      for (std::size_t k = 0; k < real.size(); ++k) {
        const double x = static_cast<double>(expected[k]), y = static_cast<double>(real[k]);
        norm += x * x;
        got_norm += y * y;
        dot += x * y;
        own[j] = std::max(own[j], std::abs(error(k)));
        squares[j] += error(k) * error(k) / static_cast<double>(real.size());
        most = std::max(most, std::abs(x));
        changed[j] += x != y ? 1.0 / static_cast<double>(real.size()) : 0;
      }
      errors[j] = std::max(errors[j], own[j]);
      largest[j] = std::max(largest[j], most);
      usual[j] += most / static_cast<double>(reference.inputs.size());
      cosines[j] += norm > 0 && got_norm > 0 ? dot / std::sqrt(norm * got_norm) : (norm == got_norm ? 1 : 0);
      if (!reference.margins.empty()) {
        const auto [first, second] = best_two(expected.data());
        if (best_two(real).first != first) ++out.num_changed;
        pair_errors += (error(first) - error(second)) * (error(first) - error(second));
      }
    }
  }
  const double count = static_cast<double>(reference.inputs.size());
  for (std::size_t j = 0; j < largest.size(); ++j) {
    const bool whole = graph.value(graph.outputs[j]).dtype != ir::DataType::kFloat;
    const double share = kChangedWeight * changed[j] / count;
    const double error = errors[j] / std::max(largest[j], 1e-30);
    const double spread = std::sqrt(squares[j] / count) / std::max(usual[j], 1e-30);
    out.errors.push_back(whole ? share : std::max(error, kTail * spread));
    // Where an integer output cannot say more than one step, an error of one is none that could be asked for.
    const bool steps = j < reference.output_steps.size() && reference.output_steps[j];
    out.measured_error = std::max(out.measured_error, steps ? (errors[j] > 1 ? error : 0) : whole ? share : error);
    out.cosine = std::min(out.cosine, cosines[j] / count);
  }
  double worst = -1;
  for (std::size_t i = 0; i < by_input.size(); ++i) {
    for (std::size_t j = 0; j < num_outputs; ++j) {
      const double relative = by_input[i][j] / std::max(largest[j], 1e-30);
      if (relative > worst) worst = relative, out.worst = reference.inputs[i];
    }
  }
  const double deviation = std::sqrt(pair_errors / static_cast<double>(reference.inputs.size()));
  for (const double margin : reference.margins) {
    out.estimated_flips += (deviation > 0 ? 0.5 * std::erfc(margin / deviation / std::sqrt(2.0)) : 0) /
                           static_cast<double>(reference.margins.size());
  }
  return out;
}

double excess_of(const Measured& measured, double target_error) {
  double excess = 0;
  for (const double error : measured.errors) excess += std::max(0.0, std::log(std::max(error, 1e-30) / target_error));
  return excess;
}

}  // namespace zkinfer::quant
