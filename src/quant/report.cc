// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <string>

#include "quant/quantize.h"

namespace zkinfer::quant {

namespace {

std::string cell(const std::string& text, std::size_t width) {
  return text.size() >= width ? text.substr(0, width - 1) + " " : text + std::string(width - text.size(), ' ');
}

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
  text += cell("value", 32) + cell("op", 20) + cell("shape", 20) + cell("y range", 22) + cell("scale", 12) +
          cell("w bits", 7) + cell("acc", 5) + cell("shift", 6) + cell("table", 6) + "error bound\n";
  for (const LayerInfo& layer : quantized.layers) {
    text += cell(layer.name, 32) + cell(layer.op, 20) + cell(layer.shape.to_string(), 20) +
            cell("[" + std::to_string(layer.lo) + ", " + std::to_string(layer.hi) + "]", 22) +
            cell(number("%.4g", layer.scale), 12) +
            cell(layer.weight_bits > 0 ? std::to_string(layer.weight_bits) : "-", 7) +
            cell(layer.acc_bits > 0 ? std::to_string(layer.acc_bits) : "-", 5) +
            cell(layer.requantized ? std::to_string(layer.shift) : "-", 6) +
            cell(layer.requantized ? "2^" + std::to_string(layer.log_table) : "-", 6) +
            number("%.3g", layer.error_bound) + "\n";
  }
  return text;
}

}  // namespace zkinfer::quant
