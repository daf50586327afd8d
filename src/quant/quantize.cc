// SPDX-License-Identifier: Apache-2.0
#include "quant/quantize.h"

#include <cmath>
#include <cstdio>
#include <set>
#include <utility>

#include "qir/ops/rules.h"
#include "quant/equalize.h"
#include "quant/hoist.h"
#include "quant/search.h"

namespace zkinfer::quant {

namespace {

Status check_options(const QuantOptions& options) {
  const auto check = [](const char* name, int value, int lo, int hi) {
    if (value == 0 || (value >= lo && value <= hi)) return ok_status();
    return invalid_argument(std::string(name) + " is " + std::to_string(value) + ", expected " + std::to_string(lo) +
                            " to " + std::to_string(hi) + "; not given, it is chosen by measurement");
  };
  ZKI_RETURN_IF_ERROR(
      check("CompileOptions::activation_bits", options.activation_bits, kLeastActivationBits, kMostActivationBits));
  ZKI_RETURN_IF_ERROR(check("CompileOptions::weight_bits", options.weight_bits, kLeastWeightBits, kMostWeightBits));
  ZKI_RETURN_IF_ERROR(check("QuantOptions::shift", options.shift, 4, 20));
  if (options.max_log_table < 8 || options.max_log_table > 20)
    return invalid_argument("quantize: max_log_table must be in 8..20");
  if (!(options.percentile > 0.5 && options.percentile <= 1))
    return invalid_argument("quantize: percentile must be in (0.5, 1]");
  if (!(options.target_error >= kLeastFloatTarget && options.target_error <= kMostFloatTarget)) {
    char given[32];
    std::snprintf(given, sizeof given, "%.4g", options.target_error);
    return invalid_argument("CompileOptions::float_target is " + std::string(given) +
                            ", expected an error relative to the largest output, from 1e-8 to 0.5");
  }
  return ok_status();
}

// A given format must make a value that qir::validate takes, in which the calibration data still mean something.
Status check_input_formats(const ir::Graph& graph, const Calibration& calibration, const QuantOptions& options) {
  const auto& formats = options.input_formats;
  if (formats.empty()) return ok_status();
  if (formats.size() != graph.inputs.size()) {
    return invalid_argument("quantize: " + std::to_string(formats.size()) + " input formats, the model has " +
                            std::to_string(graph.inputs.size()) + " inputs");
  }
  for (std::size_t i = 0; i < formats.size(); ++i) {
    if (!formats[i].has_value()) continue;
    const InputFormat& format = *formats[i];
    const std::string where = "quantize: the given format of input '" + graph.value(graph.inputs[i]).name + "': ";
    constexpr std::int64_t kMost = qir::kMaxMagnitude / 8;
    if (format.lo > format.hi || format.lo < -kMost || format.hi > kMost) {
      return invalid_argument(where + "integers " + std::to_string(format.lo) + ".." + std::to_string(format.hi) +
                              ", expected an increasing range within +-2^59");
    }
    if (format.scale.mantissa <= 0 || std::abs(format.scale.exponent) > 900) {
      return invalid_argument(where + "a scale needs a positive mantissa and an exponent within +-900");
    }
    // Not one step: every calibration input would be all zeros, or the range would cut nearly all of it off.
    const auto data = calibration.by_name.find(graph.value(graph.inputs[i]).name);
    const double seen = data == calibration.by_name.end() ? 0 : data->second.max_abs();
    const double scale = std::ldexp(static_cast<double>(format.scale.mantissa), format.scale.exponent);
    const double reach = scale * static_cast<double>(std::max(std::abs(format.lo), std::abs(format.hi)));
    if (seen > 0 && (seen < scale / 2 || seen > 1000 * reach)) {
      return invalid_argument(where + "it covers magnitudes from " + std::to_string(scale) + " to " +
                              std::to_string(reach) + ", the calibration data reach " + std::to_string(seen) +
                              "; give calibration data in the units of the tensor that this input is");
    }
  }
  return ok_status();
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

Result<Quantized> quantize(const ir::Graph& graph, std::span<const TensorMap> calibration_inputs,
                           const QuantOptions& options) {
  ZKI_RETURN_IF_ERROR(check_options(options));
  ir::Graph hoisted = hoist_functions(graph);
  ZKI_ASSIGN_OR_RETURN(Calibration calibration, calibrate(hoisted, calibration_inputs));
  ir::Graph equalized = equalize_channels(hoisted, calibration.channels, [&](const std::string& name) {
    const auto seen = calibration.by_name.find(name);
    return seen == calibration.by_name.end() ? 0.0 : seen->second.max_abs();
  });
  const std::size_t num_values = hoisted.values.size();
  equalized = level_columns(std::move(equalized), calibration);
  if (equalized.values.size() != num_values) {
    hoisted = std::move(equalized);
    ZKI_ASSIGN_OR_RETURN(calibration, calibrate(hoisted, calibration_inputs));
  }
  ZKI_RETURN_IF_ERROR(check_input_formats(hoisted, calibration, options));
  ZKI_ASSIGN_OR_RETURN(Quantized result, search(hoisted, calibration, calibration_inputs, options));
  result.calibration = std::string(calibration_method_name(options.method)) + " over " +
                       std::to_string(calibration.num_inputs) + " inputs";
  return result;
}

}  // namespace zkinfer::quant
