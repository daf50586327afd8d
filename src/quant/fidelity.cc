// SPDX-License-Identifier: Apache-2.0
#include "quant/fidelity.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <unordered_map>

#include "exec/float/float_executor.h"
#include "exec/integer/executor.h"

namespace zkinfer::quant {

namespace {

struct Sums {
  double cosines = 0;
  double max_abs = 0;
  double errors = 0;
  double squares = 0;
  std::size_t count = 0;

  void add(std::span<const float> expected, std::span<const float> got) {
    double dot = 0;
    double norm_a = 0;
    double norm_b = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const double a = static_cast<double>(expected[i]);
      const double b = static_cast<double>(got[i]);
      dot += a * b;
      norm_a += a * a;
      norm_b += b * b;
      errors += (a - b) * (a - b);
      max_abs = std::max(max_abs, std::abs(a - b));
    }
    squares += norm_a;
    const double norm = std::sqrt(norm_a * norm_b);
    cosines += norm > 0 ? dot / norm : (norm_a == norm_b ? 1.0 : 0.0);
    ++count;
  }
  TensorFidelity result(const std::string& name) const {
    return {name, count > 0 ? cosines / static_cast<double>(count) : 1, max_abs,
            squares > 0 ? std::sqrt(errors / squares) : std::sqrt(errors)};
  }
};

// The arg max of every line of the last axis.
std::vector<std::size_t> arg_maxima(std::span<const float> data, const Shape& shape) {
  const std::size_t line = shape.rank() > 0 ? static_cast<std::size_t>(shape[shape.rank() - 1]) : 1;
  std::vector<std::size_t> result;
  for (std::size_t begin = 0; begin < data.size(); begin += line) {
    result.push_back(
        static_cast<std::size_t>(std::max_element(data.begin() + begin, data.begin() + begin + line) - data.begin()) -
        begin);
  }
  return result;
}

std::string json_text(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out += '\\';
    if (byte >= 0x20) {
      out += c;
      continue;
    }
    char escaped[8];
    std::snprintf(escaped, sizeof escaped, "\\u%04x", byte);
    out += escaped;
  }
  return out + "\"";
}

std::string tensor_json(const TensorFidelity& t) {
  char numbers[160];
  std::snprintf(numbers, sizeof numbers, ", \"cosine\": %.9g, \"max_abs_error\": %.9g, \"relative_error\": %.9g}",
                t.cosine, t.max_abs_error, t.relative_error);
  return "{\"name\": " + json_text(t.name) + numbers;
}

std::string tensor_line(const TensorFidelity& t) {
  char line[200];
  std::snprintf(line, sizeof line, "%-40.40s %10.6f %12.5g %10.5f\n", t.name.c_str(), t.cosine, t.max_abs_error,
                t.relative_error);
  return line;
}

}  // namespace

std::string FidelityReport::text() const {
  char line[200];
  std::snprintf(line, sizeof line, "fidelity over %zu inputs: top-1 agreement %.2f %%, saturated input elements %zu\n",
                num_inputs, 100 * top1_agreement, num_saturated);
  std::string result = line;
  std::snprintf(line, sizeof line, "%-40s %10s %12s %10s\n", "value", "cosine", "max error", "relative");
  result += line;
  for (const TensorFidelity& layer : layers) result += tensor_line(layer);
  return result + tensor_line(whole);
}

std::string FidelityReport::json() const {
  char line[160];
  std::snprintf(line, sizeof line,
                "{\"num_inputs\": %zu, \"top1_agreement\": %.9g, \"num_saturated\": %zu, \"whole\": ", num_inputs,
                top1_agreement, num_saturated);
  std::string result = line + tensor_json(whole) + ", \"layers\": [";
  for (std::size_t i = 0; i < layers.size(); ++i) result += (i > 0 ? ", " : "") + tensor_json(layers[i]);
  return result + "]}\n";
}

Result<FidelityReport> compare(const ir::Graph& graph, const qir::QGraph& integer_graph,
                               const qir::WeightStore& weights, std::span<const TensorMap> inputs) {
  if (inputs.empty()) return invalid_argument("fidelity: no inputs to compare on");
  if (graph.inputs.size() != integer_graph.inputs.size() || graph.outputs.size() != integer_graph.outputs.size()) {
    return invalid_argument(
        "fidelity: the float and the integer model have different inputs or outputs; are they the same model?");
  }
  FidelityReport report;
  report.num_inputs = inputs.size();
  std::unordered_map<std::string, qir::ValueId> by_name;
  std::vector<Sums> sums(integer_graph.values.size());
  for (const qir::Node& node : integer_graph.nodes) by_name[integer_graph.value(node.output).name] = node.output;
  Sums whole;
  std::size_t agreed = 0;
  for (const TensorMap& input : inputs) {
    exec_integer::Inputs integers;
    for (std::size_t j = 0; j < graph.inputs.size(); ++j) {
      const auto it = input.find(graph.value(graph.inputs[j]).name);
      if (it == input.end())
        return invalid_argument("fidelity: no tensor for input '" + graph.value(graph.inputs[j]).name + "'");
      std::size_t saturated = 0;
      ZKI_ASSIGN_OR_RETURN(auto values,
                           quantize_input(integer_graph.value(integer_graph.inputs[j]), it->second.data(), &saturated));
      report.num_saturated += saturated;
      integers.push_back(std::move(values));
    }
    ZKI_ASSIGN_OR_RETURN(const exec_integer::Witness witness, exec_integer::run(integer_graph, weights, integers));
    const auto real_of = [&](qir::ValueId id) { return dequantize(integer_graph.value(id), witness.values[id]); };
    const exec_float::FloatObserver observe = [&](const ir::Value& value, const FloatTensor& tensor) {
      const auto it = by_name.find(value.name);
      if (it != by_name.end() && integer_graph.value(it->second).shape == tensor.shape())
        sums[it->second].add(tensor.data(), real_of(it->second));
    };
    ZKI_ASSIGN_OR_RETURN(const TensorMap outputs, exec_float::run_float(graph, input, observe));
    for (std::size_t j = 0; j < graph.outputs.size(); ++j) {
      const FloatTensor& expected = outputs.at(graph.value(graph.outputs[j]).name);
      const std::vector<float> got = real_of(integer_graph.outputs[j]);
      if (got.size() != static_cast<std::size_t>(expected.num_elements()))
        return invalid_argument("fidelity: output shapes differ; are they the same model?");
      whole.add(expected.data(), got);
      if (j == 0 && arg_maxima(expected.data(), expected.shape()) == arg_maxima(got, expected.shape())) ++agreed;
    }
  }
  report.whole = whole.result("outputs");
  report.top1_agreement = static_cast<double>(agreed) / static_cast<double>(inputs.size());
  for (const qir::Node& node : integer_graph.nodes) {
    if (sums[node.output].count > 0)
      report.layers.push_back(sums[node.output].result(integer_graph.value(node.output).name));
  }
  return report;
}

}  // namespace zkinfer::quant
