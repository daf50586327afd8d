// SPDX-License-Identifier: Apache-2.0
#include "quant/quantize.h"

#include <set>

#include "quant/hoist.h"
#include "quant/search.h"

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
  if (options.max_log_table < 8 || options.max_log_table > 20) return invalid_argument("quantize: max_log_table must be in 8..20");
  if (!(options.percentile > 0.5 && options.percentile <= 1)) return invalid_argument("quantize: percentile must be in (0.5, 1]");
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

Result<Quantized> quantize(const ir::Graph& graph, std::span<const TensorMap> calibration_inputs, const QuantOptions& options) {
  ZKI_RETURN_IF_ERROR(check_options(options));
  const ir::Graph hoisted = hoist_functions(graph);
  ZKI_ASSIGN_OR_RETURN(const Calibration calibration, calibrate(hoisted, calibration_inputs));
  ZKI_ASSIGN_OR_RETURN(Quantized result, search(hoisted, calibration, calibration_inputs, options));
  result.calibration = std::string(calibration_method_name(options.method)) + " over " + std::to_string(calibration.num_inputs) + " inputs";
  return result;
}

}  // namespace zkinfer::quant
