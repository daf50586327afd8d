// SPDX-License-Identifier: Apache-2.0
#include "quant/search.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "exec/integer/executor.h"

namespace zkinfer::quant {

namespace {

constexpr int kLeastShift = 6;
constexpr int kMostShift = 14;
constexpr int kLeastLevels = 31;
constexpr int kMostLevels = 4095;
constexpr int kLeastLogTable = 8;
constexpr int kMostLogTable = 20;
// Scores with margins near 0 may change their arg max at any error: below this share of the target they do not matter.
constexpr double kHardScores = 3;

// Large models are measured on fewer inputs, but on many more elements each, and with fewer attempts for accuracy alone.
constexpr std::int64_t kMeasuredElements = 4000000;
constexpr std::size_t kUsualInputs = 24;
constexpr std::int64_t kCheapShare = 4;
constexpr std::size_t kAccuracyAttempts = 12;
constexpr int kShrinkSteps = 4;
constexpr std::size_t kLeastSplit = 12;  // fewer calibration inputs are not split
// Above, each lowering takes long enough to try fewer.
constexpr std::int64_t kManyParameters = 2000000;

// What is compared: some calibration inputs, and the margin between the two best scores of all of them.
struct Reference {
  std::vector<std::size_t> inputs;  // indices
  std::vector<double> margins;      // empty unless the model has one output that is a vector of scores
};

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

bool is_score_vector(const ir::Graph& graph) {
  if (graph.outputs.size() != 1) return false;
  const Shape& shape = graph.value(graph.outputs[0]).shape;
  return shape.rank() > 0 && shape.num_elements() > 1 && shape[shape.rank() - 1] == shape.num_elements();
}

// Statistics come from some inputs and errors are measured on others: what clips on unseen data shows.
struct Split {
  std::vector<std::size_t> statistics, held_out;
};

Split split_inputs(std::size_t count) {
  Split split;
  for (std::size_t i = 0; i < count; ++i) {
    const bool out = count >= kLeastSplit && i % 3 == 2;
    if (!out || count < kLeastSplit) split.statistics.push_back(i);
    if (out || count < kLeastSplit) split.held_out.push_back(i);
  }
  return split;
}

// Elements of all computed values: what one integer run costs, roughly.
std::int64_t num_elements(const ir::Graph& graph) {
  std::int64_t total = 0;
  for (const ir::Node& node : graph.nodes) total += graph.output_of(node).shape.num_elements();
  return total;
}

Reference make_reference(const ir::Graph& graph, const Calibration& calibration, std::size_t most) {
  Reference reference;
  // Many inputs where they cost little: what goes wrong on one in fifty does not show on a dozen.
  const std::int64_t elements = std::max<std::int64_t>(1, num_elements(graph));
  const auto affordable = static_cast<std::size_t>(kMeasuredElements / elements);
  const auto cheap = static_cast<std::size_t>(kMeasuredElements / kCheapShare / elements);
  most = std::min(most, std::max<std::size_t>({2, std::min(affordable, kUsualInputs), cheap}));
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

// Fills measured_error and cosine (the worst output counts), num_changed, and estimated_flips: a margin m is lost with the
// probability that a normal error of the measured size of (error of best - error of second best) exceeds it.
Status measure(const ir::Graph& graph, const Calibration& calibration, std::span<const TensorMap> inputs,
               const Reference& reference, Quantized& quantized) {
  std::vector<double> squares(graph.outputs.size(), 0);
  std::vector<double> errors(graph.outputs.size(), 0);
  std::vector<double> cosines(graph.outputs.size(), 0);
  double pair_errors = 0;
  quantized.num_measured = reference.inputs.size();
  quantized.num_changed = 0;
  for (const std::size_t i : reference.inputs) {
    exec_integer::Inputs integers;
    for (std::size_t j = 0; j < graph.inputs.size(); ++j) {
      const FloatTensor& real = inputs[i].at(graph.value(graph.inputs[j]).name);
      ZKI_ASSIGN_OR_RETURN(auto values, quantize_input(quantized.graph.value(quantized.graph.inputs[j]), real.data()));
      integers.push_back(std::move(values));
    }
    ZKI_ASSIGN_OR_RETURN(const exec_integer::Witness witness,
                         exec_integer::run(quantized.graph, quantized.params, integers));
    for (std::size_t j = 0; j < graph.outputs.size(); ++j) {
      const qir::ValueId id = quantized.graph.outputs[j];
      const std::vector<float> real = dequantize(quantized.graph.value(id), witness.values[id]);
      const FloatTensor& expected = calibration.outputs[i][j];
      const auto error = [&](std::size_t k) { return static_cast<double>(real[k]) - static_cast<double>(expected[k]); };
      double norm = 0, got_norm = 0, dot = 0;
      for (std::size_t k = 0; k < real.size(); ++k) {
        const double x = static_cast<double>(expected[k]), y = static_cast<double>(real[k]);
        norm += x * x;
        got_norm += y * y;
        dot += x * y;
        errors[j] += error(k) * error(k);
      }
      squares[j] += norm;
      cosines[j] += norm > 0 && got_norm > 0 ? dot / std::sqrt(norm * got_norm) : (norm == got_norm ? 1 : 0);
      if (!reference.margins.empty()) {
        const auto [first, second] = best_two(expected.data());
        if (best_two(real).first != first) ++quantized.num_changed;
        pair_errors += (error(first) - error(second)) * (error(first) - error(second));
      }
    }
  }
  quantized.measured_error = 0;
  quantized.cosine = 1;
  for (std::size_t j = 0; j < squares.size(); ++j) {
    quantized.measured_error = std::max(quantized.measured_error, std::sqrt(errors[j] / std::max(squares[j], 1e-30)));
    quantized.cosine = std::min(quantized.cosine, cosines[j] / static_cast<double>(reference.inputs.size()));
  }
  quantized.estimated_flips = 0;
  const double deviation = std::sqrt(pair_errors / static_cast<double>(reference.inputs.size()));
  for (const double margin : reference.margins) {
    quantized.estimated_flips += (deviation > 0 ? 0.5 * std::erfc(margin / deviation / std::sqrt(2.0)) : 0) /
                                 static_cast<double>(reference.margins.size());
  }
  return ok_status();
}

// A choice and what it measured.
struct Trial {
  Choice choice;
  std::int64_t rows = 0;
  std::int64_t num_requantized = 0;
  double error = 0;
  double flips = 0;
  double cosine = 1;
  std::size_t num_measured = 0, num_changed = 0;
};

bool exact_enough(const Trial& trial, const Reference& reference, const QuantOptions& options) {
  if (reference.margins.empty()) return trial.error <= options.target_error;
  if (trial.error <= options.target_error / kHardScores) return true;
  // Half an input more: the share is of all inputs, and few are measured.
  const double most_changed = options.score_flips * static_cast<double>(trial.num_measured) + 0.5;
  return trial.error <= options.score_error && trial.flips <= options.score_flips &&
         trial.cosine >= options.score_cosine && static_cast<double>(trial.num_changed) <= most_changed;
}

// The chosen model with the statistics of all inputs. Clips may move a little; where that makes a domain outgrow its
// table, slightly fewer levels make it fit again.
Result<Quantized> with_all_statistics(const ir::Graph& graph, const Calibration& calibration, const Trial& trial,
                                      const QuantOptions& options) {
  ZKI_ASSIGN_OR_RETURN(Quantized result, Lowering(graph, calibration, trial.choice, options).run());
  Choice choice = trial.choice;
  for (int step = 0; step < kShrinkSteps && options.activation_bits == 0 && result.table_rows > trial.rows; ++step) {
    choice.levels -= 1 + choice.levels / 32;
    ZKI_ASSIGN_OR_RETURN(Quantized smaller, Lowering(graph, calibration, choice, options).run());
    if (smaller.table_rows <= trial.rows) result = std::move(smaller);
  }
  result.measured_error = trial.error;
  result.estimated_flips = trial.flips;
  result.cosine = trial.cosine;
  result.num_measured = trial.num_measured;
  result.num_changed = trial.num_changed;
  result.held_out = calibration.outputs.size() >= kLeastSplit;
  result.scores = is_score_vector(graph);
  return result;
}

// A requantized element costs three committed values; tables of at most 1/kFreeShare of them all are as good as free.
constexpr std::int64_t kValuesPerElement = 3;
constexpr std::int64_t kFreeShare = 16;

struct Candidate {
  Choice choice;
  std::int64_t rows = 0;  // of the tables, remainders' range not counted
};

std::int64_t num_parameters(const ir::Graph& graph) {
  std::int64_t total = 0;
  for (const ir::Value& value : graph.values) {
    if (value.is_constant()) total += value.shape.num_elements();
  }
  return total;
}

// Reaches grow in proportion to the levels: for each table size, the most levels with which the largest reach fits; and
// some round numbers.
Result<std::vector<int>> level_choices(const ir::Graph& graph, const Calibration& calibration,
                                       const QuantOptions& options) {
  if (options.activation_bits > 0) return std::vector<int>{(1 << options.activation_bits) - 1};
  const Choice base{255, kMostLogTable, kMostShift};
  ZKI_ASSIGN_OR_RETURN(const Quantized attempt, Lowering(graph, calibration, base, options).run());
  std::int64_t reach = 256;
  for (const LayerInfo& layer : attempt.layers) reach = std::max(reach, layer.reach);
  std::set<int> levels = {255};
  if (num_parameters(graph) <= kManyParameters) levels = {63, 127, 255};
  for (int log_table = kLeastLogTable; log_table <= options.max_log_table; ++log_table) {
    // A little less: weights are rounded differently for each number of levels.
    const double fitting = base.levels * std::ldexp(0.995, log_table) / static_cast<double>(reach);
    if (fitting >= kLeastLevels && fitting <= kMostLevels) levels.insert(static_cast<int>(fitting));
  }
  return std::vector<int>(levels.begin(), levels.end());
}

Result<std::vector<Candidate>> list_candidates(const ir::Graph& graph, const Calibration& calibration,
                                               const QuantOptions& options) {
  ZKI_ASSIGN_OR_RETURN(const std::vector<int> all_levels, level_choices(graph, calibration, options));
  std::vector<Candidate> candidates;
  const int step = num_parameters(graph) > kManyParameters ? 3 : 1;
  for (const int levels : all_levels) {
    std::int64_t last_rows = 0;
    for (int log_table = options.max_log_table; log_table >= kLeastLogTable; log_table -= step) {
      const Choice choice{levels, log_table, options.shift > 0 ? options.shift : kMostShift};
      ZKI_ASSIGN_OR_RETURN(const Quantized attempt, Lowering(graph, calibration, choice, options).run());
      const bool shifts = std::any_of(attempt.layers.begin(), attempt.layers.end(),
                                      [&](const LayerInfo& l) { return l.requantized && l.shift == choice.shift; });
      const std::int64_t rows = attempt.table_rows - (shifts ? std::int64_t{1} << choice.shift : 0);
      // Making activations coarser table by table ends up needing more tables than it saves.
      if (log_table < options.max_log_table && rows >= last_rows) break;
      last_rows = rows;
      candidates.push_back({choice, rows});
      if (options.activation_bits > 0) break;  // the bits asked for, in every layer
      int largest = 0;
      for (const qir::Table& table : attempt.graph.tables) largest = std::max<int>(largest, table.log_size);
      log_table = std::min(log_table, largest);
    }
  }
  std::stable_sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return a.rows != b.rows ? a.rows < b.rows : a.choice.levels > b.choice.levels;
  });
  return candidates;
}

}  // namespace

Result<Quantized> search(const ir::Graph& graph, const Calibration& calibration, std::span<const TensorMap> inputs,
                         const QuantOptions& options) {
  const Reference reference = make_reference(graph, calibration, options.max_measured_inputs);
  std::vector<TensorMap> counted;
  for (const std::size_t i : split_inputs(inputs.size()).statistics) counted.push_back(inputs[i]);
  ZKI_ASSIGN_OR_RETURN(const Calibration statistics, calibrate(graph, counted));
  ZKI_ASSIGN_OR_RETURN(const std::vector<Candidate> candidates, list_candidates(graph, statistics, options));
  const auto try_out = [&](const Choice& choice) -> Result<Trial> {
    ZKI_ASSIGN_OR_RETURN(Quantized attempt, Lowering(graph, statistics, choice, options).run());
    ZKI_RETURN_IF_ERROR(measure(graph, calibration, inputs, reference, attempt));
    return Trial{
        choice,         attempt.table_rows,   attempt.num_requantized, attempt.measured_error, attempt.estimated_flips,
        attempt.cosine, attempt.num_measured, attempt.num_changed};
  };
  std::optional<Trial> best;        // exact enough, fewest rows
  std::optional<Trial> most_exact;  // when nothing is exact enough
  std::vector<Choice> failed;
  for (const Candidate& candidate : candidates) {
    if (best.has_value() && candidate.rows + (std::int64_t{1} << kLeastShift) >= best->rows) break;
    // Fewer levels and smaller tables than something too inexact cannot do better.
    const bool hopeless = std::any_of(failed.begin(), failed.end(), [&](const Choice& f) {
      return candidate.choice.levels <= f.levels && candidate.choice.max_log_table <= f.max_log_table;
    });
    if (hopeless) continue;
    ZKI_ASSIGN_OR_RETURN(const Trial trial, try_out(candidate.choice));
    if (!exact_enough(trial, reference, options)) {
      failed.push_back(candidate.choice);
      if (!most_exact.has_value() || trial.error < most_exact->error) most_exact = trial;
      continue;
    }
    if (!best.has_value() || trial.rows < best->rows) best = trial;
    // The smallest shift that is still exact enough; the error falls as the shift grows.
    int enough = candidate.choice.shift;
    int too_small = options.shift > 0 ? enough - 1 : kLeastShift - 1;
    while (enough - too_small > 1) {
      Choice choice = candidate.choice;
      choice.shift = (enough + too_small) / 2;
      ZKI_ASSIGN_OR_RETURN(const Trial smaller, try_out(choice));
      if (!exact_enough(smaller, reference, options)) {
        too_small = choice.shift;
        continue;
      }
      enough = choice.shift;
      if (smaller.rows < best->rows) best = smaller;
    }
  }
  if (!best.has_value()) best = most_exact;
  // Rows that are few beside what the elements cost anyway buy accuracy: from the most rows downwards.
  const std::int64_t budget = kValuesPerElement * best->num_requantized / kFreeShare;
  std::size_t attempts = 0;
  for (std::size_t i = candidates.size(); i-- > 0 && attempts < kAccuracyAttempts;) {
    const Candidate& candidate = candidates[i];
    Choice choice = candidate.choice;
    if (options.shift == 0) {
      choice.shift = kMostShift;
      while (choice.shift > kLeastShift && candidate.rows + (std::int64_t{1} << choice.shift) > budget) --choice.shift;
    }
    if (candidate.rows + (std::int64_t{1} << choice.shift) > budget || candidate.rows < budget / 4) continue;
    ++attempts;
    ZKI_ASSIGN_OR_RETURN(const Trial trial, try_out(choice));
    if (trial.error < best->error) best = trial;
  }
  return with_all_statistics(graph, calibration, *best, options);
}

}  // namespace zkinfer::quant
