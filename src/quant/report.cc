// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <string>
#include <vector>

#include "quant/quantize.h"
#include "quant/text_table.h"

namespace zkinfer::quant {

namespace {

std::string number(const char* format, double x) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, format, x);
  return buffer;
}

}  // namespace

std::string report_text(const Quantized& quantized) {
  std::string text = "quantization of '" + quantized.graph.name + "': " + std::to_string(quantized.activation_bits) +
                     "-bit activations (" + std::to_string(quantized.levels) + " levels), shift " +
                     std::to_string(quantized.shift) + ", calibration " + quantized.calibration + "\non " +
                     std::to_string(quantized.num_measured) + " calibration inputs" +
                     (quantized.held_out ? " that gave no statistics" : "") +
                     ": largest error relative to the largest output " + number("%.5f", quantized.measured_error) +
                     ", cosine " + number("%.5f", quantized.cosine) +
                     (quantized.scores ? ", another arg max in " + std::to_string(quantized.num_changed) : "") +
                     "; table rows " + std::to_string(quantized.table_rows) + ", elements with lookups " +
                     std::to_string(quantized.num_requantized) + "\n";
  if (!quantized.public_numbers.empty()) {
    text += "numbers of the program text, public with every key (initializers are not):";
    for (const std::string& name : quantized.public_numbers) text += " " + name;
    text += "\n";
  }
  std::vector<std::vector<std::string>> rows = {
      {"value", "op", "shape", "y range", "scale", "w bits", "acc", "shift", "table", "error bound"}};
  for (const LayerInfo& layer : quantized.layers) {
    rows.push_back({layer.name, layer.op, layer.shape.to_string(),
                    "[" + std::to_string(layer.lo) + ", " + std::to_string(layer.hi) + "]", number("%.4g", layer.scale),
                    layer.weight_bits > 0 ? std::to_string(layer.weight_bits) : "-",
                    layer.acc_bits > 0 ? std::to_string(layer.acc_bits) : "-",
                    layer.requantized ? std::to_string(layer.shift) : "-",
                    layer.requantized ? "2^" + std::to_string(layer.log_table) : "-",
                    number("%.3g", layer.error_bound)});
  }
  return text + text_table(rows);
}

}  // namespace zkinfer::quant
