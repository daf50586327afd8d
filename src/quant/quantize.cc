// SPDX-License-Identifier: Apache-2.0
#include "quant/quantize.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "exec/float/float_executor.h"
#include "exec/integer/executor.h"
#include "quant/lowering.h"

namespace zkinfer::quant {

namespace {

Status check_options(const QuantOptions& options) {
  const auto check = [](const char* name, int value, int lo, int hi) {
    if (value == 0 || (value >= lo && value <= hi)) return ok_status();
    return invalid_argument(std::string("quantize: ") + name + " is " + std::to_string(value) + ", expected " + std::to_string(lo) + ".." +
                            std::to_string(hi) + " or 0 (chosen by measurement)");
  };
  ZKI_RETURN_IF_ERROR(check("activation_bits", options.activation_bits, 4, 16));
  ZKI_RETURN_IF_ERROR(check("weight_bits", options.weight_bits, 2, 24));
  ZKI_RETURN_IF_ERROR(check("shift", options.shift, 4, 20));
  if (options.max_log_table < 8 || options.max_log_table > 24) return invalid_argument("quantize: max_log_table must be in 8..24");
  if (!(options.percentile > 0.5 && options.percentile <= 1)) return invalid_argument("quantize: percentile must be in (0.5, 1]");
  return ok_status();
}

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

std::vector<int> choices(int fixed, int lo, int hi) {
  if (fixed > 0) return {fixed};
  std::vector<int> all;
  for (int x = lo; x <= hi; ++x) all.push_back(x);
  return all;
}

}  // namespace

std::int64_t count_table_rows(const qir::QGraph& graph) {
  std::int64_t rows = 0;
  for (const qir::Table& table : graph.tables) rows += table.num_rows();
  std::set<int> shifts;
  for (const qir::Node& node : graph.nodes) {
    if (node.requant.shift > 0 && node.op != qir::Op::kSoftmax) shifts.insert(node.requant.shift);
  }
  for (const int shift : shifts) rows += std::int64_t{1} << shift;
  return rows;
}

Result<Quantized> quantize_with(const ir::Graph& graph, const Calibration& calibration, int activation_bits, int shift,
                                const QuantOptions& options) {
  return Lowering(graph, calibration, activation_bits, shift, options).run();
}

Result<Quantized> quantize(const ir::Graph& graph, std::span<const TensorMap> calibration_inputs, const QuantOptions& options) {
  ZKI_RETURN_IF_ERROR(check_options(options));
  ZKI_ASSIGN_OR_RETURN(const Calibration calibration, calibrate(graph, calibration_inputs));
  ZKI_ASSIGN_OR_RETURN(const Reference reference, make_reference(graph, calibration_inputs, options.max_measured_inputs));
  // Cheapest first: the first choice that is exact enough wins. Rows are what a choice costs; elements cost the same
  // whatever the bits. The tables depend on the bits alone, so one attempt for each number of bits gives all costs.
  struct Choice {
    int bits, shift;
    std::int64_t rows;
  };
  std::vector<Choice> tried;
  const std::vector<int> shifts = choices(options.shift, 6, 14);
  for (const int bits : choices(options.activation_bits, 6, 12)) {
    ZKI_ASSIGN_OR_RETURN(const Quantized attempt, quantize_with(graph, calibration, bits, shifts.back(), options));
    for (const int shift : shifts) tried.push_back({bits, shift, attempt.table_rows - (std::int64_t{1} << shifts.back()) + (std::int64_t{1} << shift)});
  }
  std::stable_sort(tried.begin(), tried.end(), [](const Choice& a, const Choice& b) { return a.rows < b.rows; });
  std::optional<Quantized> best;
  for (const Choice& choice : tried) {
    ZKI_ASSIGN_OR_RETURN(Quantized attempt, quantize_with(graph, calibration, choice.bits, choice.shift, options));
    ZKI_ASSIGN_OR_RETURN(attempt.measured_error, measure(graph, attempt, reference));
    if (!best.has_value() || attempt.measured_error < best->measured_error) best = std::move(attempt);
    if (best->measured_error <= options.target_error) break;
  }
  Quantized result = std::move(*best);
  result.calibration = std::string(calibration_method_name(options.method)) + " over " + std::to_string(calibration.num_inputs) + " inputs";
  return result;
}

}  // namespace zkinfer::quant
