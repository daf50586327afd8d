// SPDX-License-Identifier: Apache-2.0
#include "quant/search.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "exec/float/float_executor.h"
#include "exec/integer/executor.h"

namespace zkinfer::quant {

namespace {

constexpr int kLeastShift = 6;
constexpr int kMostShift = 14;
constexpr int kLeastLevels = 31;
constexpr int kMostLevels = 4095;
constexpr int kLeastLogTable = 8;
// Models with more parameters than this are lowered fewer times.
constexpr std::int64_t kManyParameters = 1000000;

// Calibration inputs and the float model's outputs on them, by output position.
struct Reference {
  std::vector<TensorMap> inputs;
  std::vector<std::vector<FloatTensor>> outputs;
};

Result<Reference> make_reference(const ir::Graph& graph, std::span<const TensorMap> inputs, std::size_t most) {
  Reference reference;
  const std::size_t stride = std::max<std::size_t>(1, inputs.size() / std::max<std::size_t>(1, most));
  for (std::size_t i = 0; i < inputs.size() && reference.inputs.size() < most; i += stride) {
    ZKI_ASSIGN_OR_RETURN(const TensorMap outputs, exec::run_float(graph, inputs[i]));
    std::vector<FloatTensor> ordered;
    for (const ir::ValueId id : graph.outputs) ordered.push_back(outputs.at(graph.value(id).name));
    reference.inputs.push_back(inputs[i]);
    reference.outputs.push_back(std::move(ordered));
  }
  return reference;
}

// |integer - float| / |float| over all outputs and inputs, in the 2-norm; the worst output counts.
Result<double> measure(const ir::Graph& graph, const Quantized& quantized, const Reference& reference) {
  std::vector<double> squares(graph.outputs.size(), 0);
  std::vector<double> errors(graph.outputs.size(), 0);
  for (std::size_t i = 0; i < reference.inputs.size(); ++i) {
    exec_integer::Inputs inputs;
    for (std::size_t j = 0; j < graph.inputs.size(); ++j) {
      const FloatTensor& real = reference.inputs[i].at(graph.value(graph.inputs[j]).name);
      ZKI_ASSIGN_OR_RETURN(auto integers, quantize_input(quantized.graph.value(quantized.graph.inputs[j]), real.data()));
      inputs.push_back(std::move(integers));
    }
    ZKI_ASSIGN_OR_RETURN(const exec_integer::Witness witness, exec_integer::run(quantized.graph, quantized.params, inputs));
    for (std::size_t j = 0; j < graph.outputs.size(); ++j) {
      const qir::ValueId id = quantized.graph.outputs[j];
      const std::vector<float> real = dequantize(quantized.graph.value(id), witness.values[id]);
      const FloatTensor& expected = reference.outputs[i][j];
      for (std::size_t k = 0; k < real.size(); ++k) {
        const double want = static_cast<double>(expected[k]);
        squares[j] += want * want;
        errors[j] += (static_cast<double>(real[k]) - want) * (static_cast<double>(real[k]) - want);
      }
    }
  }
  double worst = 0;
  for (std::size_t j = 0; j < squares.size(); ++j) worst = std::max(worst, std::sqrt(errors[j] / std::max(squares[j], 1e-30)));
  return worst;
}


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

std::vector<int> level_choices(const QuantOptions& options, bool many_parameters) {
  if (options.activation_bits > 0) return {(1 << options.activation_bits) - 1};
  // Not only powers of two: the largest domain should just fit its table.
  const double ratio = many_parameters ? 2.0 : std::exp2(0.25);
  std::vector<int> levels;
  for (double x = kLeastLevels; x <= kMostLevels; x = (x + 1) * ratio - 1) levels.push_back(static_cast<int>(std::lround(x)));
  return levels;
}

Result<std::vector<Candidate>> list_candidates(const ir::Graph& graph, const Calibration& calibration, const QuantOptions& options) {
  const bool many_parameters = num_parameters(graph) > kManyParameters;
  std::vector<Candidate> candidates;
  for (const int levels : level_choices(options, many_parameters)) {
    std::int64_t last_rows = 0;
    int step = many_parameters ? 2 : 1;
    for (int log_table = options.max_log_table; log_table >= kLeastLogTable; log_table -= step) {
      const Choice choice{levels, log_table, options.shift > 0 ? options.shift : kMostShift};
      ZKI_ASSIGN_OR_RETURN(const Quantized attempt, Lowering(graph, calibration, choice, options).run());
      const std::int64_t rows = attempt.table_rows - (std::int64_t{1} << choice.shift);
      if (rows == last_rows) continue;  // the limit binds no table
      // Making activations coarser table by table ends up needing more tables than it saves.
      if (last_rows > 0 && rows > last_rows) break;
      last_rows = rows;
      candidates.push_back({choice, rows});
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
  ZKI_ASSIGN_OR_RETURN(const Reference reference, make_reference(graph, inputs, options.max_measured_inputs));
  ZKI_ASSIGN_OR_RETURN(const std::vector<Candidate> candidates, list_candidates(graph, calibration, options));
  const auto attempt_at = [&](Choice choice) -> Result<Quantized> {
    ZKI_ASSIGN_OR_RETURN(Quantized attempt, Lowering(graph, calibration, choice, options).run());
    ZKI_ASSIGN_OR_RETURN(attempt.measured_error, measure(graph, attempt, reference));
    return attempt;
  };
  std::optional<Quantized> best;       // exact enough, fewest rows
  std::optional<Quantized> most_exact; // when nothing is exact enough
  std::vector<Choice> failed;
  for (const Candidate& candidate : candidates) {
    if (best.has_value() && candidate.rows + (std::int64_t{1} << kLeastShift) >= best->table_rows) break;
    // Fewer levels and smaller tables than something too inexact cannot do better.
    const bool hopeless = std::any_of(failed.begin(), failed.end(), [&](const Choice& f) {
      return candidate.choice.levels <= f.levels && candidate.choice.max_log_table <= f.max_log_table;
    });
    if (hopeless) continue;
    ZKI_ASSIGN_OR_RETURN(Quantized attempt, attempt_at(candidate.choice));
    if (attempt.measured_error > options.target_error) {
      failed.push_back(candidate.choice);
      if (!most_exact.has_value() || attempt.measured_error < most_exact->measured_error) most_exact = std::move(attempt);
      continue;
    }
    if (!best.has_value() || attempt.table_rows < best->table_rows) best = attempt;
    // The smallest shift that is still exact enough; the error falls as the shift grows.
    int enough = candidate.choice.shift;
    int too_small = options.shift > 0 ? enough - 1 : kLeastShift - 1;
    while (enough - too_small > 1) {
      Choice choice = candidate.choice;
      choice.shift = (enough + too_small) / 2;
      ZKI_ASSIGN_OR_RETURN(Quantized smaller, attempt_at(choice));
      if (smaller.measured_error > options.target_error) {
        too_small = choice.shift;
        continue;
      }
      enough = choice.shift;
      if (smaller.table_rows < best->table_rows) best = std::move(smaller);
    }
  }
  return best.has_value() ? std::move(*best) : std::move(*most_exact);
}

}  // namespace zkinfer::quant
