// SPDX-License-Identifier: Apache-2.0
#include "quant/fidelity.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "exec/float/float_executor.h"
#include "exec/integer/executor.h"
#include "quant/perplexity.h"
#include "quant/plan.h"

namespace zkinfer::quant {

namespace {

// Sums over all inputs for one tensor.
class Comparison {
 public:
  Comparison() = default;
  Comparison(OutputKind kind, std::size_t num_elements)
      : kind_(kind), means_(num_elements, 0.0), squares_(num_elements, 0.0) {}

  void add(std::span<const float> expected, std::span<const float> got, const Shape& shape) {
    double dot = 0;
    double norm_a = 0;
    double norm_b = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      // Not compared, but counted.
      if (!std::isfinite(expected[i])) {
        ++num_not_finite_;
        continue;
      }
      const double a = static_cast<double>(expected[i]);
      const double b = static_cast<double>(got[i]);
      dot += a * b;
      norm_a += a * a;
      norm_b += b * b;
      const double error = std::abs(a - b);
      lo_ = num_finite_ == 0 ? a : std::min(lo_, a);
      hi_ = num_finite_ == 0 ? a : std::max(hi_, a);
      ++num_finite_;
      num_different_ += error >= 0.5 ? 1 : 0;
      abs_errors_ += error;
      max_abs_ = std::max(max_abs_, error);
      square_errors_ += error * error;
      // Welford: large means must not swallow small deviations.
      if (i < means_.size()) {
        const double delta = a - means_[i];
        means_[i] += delta / static_cast<double>(count_ + 1);
        squares_[i] += delta * (a - means_[i]);
      }
    }
    dot_ += dot;
    norm_a_ += norm_a;
    norm_b_ += norm_b;
    cosines_ += cosine_of(dot, norm_a, norm_b);
    elements_ += expected.size();
    ++count_;
    if (kind_ != OutputKind::kValues) count_agreements(expected, got, shape);
  }

  TensorFidelity result(const std::string& name) const {
    TensorFidelity out;
    out.name = name;
    out.kind = kind_;
    out.num_elements = elements_;
    out.num_not_finite = num_not_finite_;
    out.num_different = num_different_;
    if (elements_ == 0) return out;
    out.lo = lo_;
    out.hi = hi_;
    // How far the number of one class or token is from another's means nothing.
    if (kind_ != OutputKind::kLabels) {
      out.mean_abs_error = abs_errors_ / static_cast<double>(std::max<std::size_t>(num_finite_, 1));
      out.max_abs_error = max_abs_;
      out.relative_error = norm_a_ > 0 ? std::sqrt(square_errors_ / norm_a_) : std::sqrt(square_errors_);
      out.cosine = elements_ == count_ ? cosine_of(dot_, norm_a_, norm_b_) : cosines_ / static_cast<double>(count_);
    }
    double deviations = 0;
    for (const double square : squares_) deviations += square;
    if (kind_ == OutputKind::kValues && deviations > 0) out.r_squared = 1 - square_errors_ / deviations;
    if (num_decisions_ > 0) out.agreement = static_cast<double>(num_agreed_) / static_cast<double>(num_decisions_);
    return out;
  }

  std::size_t num_inputs() const { return count_; }

 private:
  static double cosine_of(double dot, double norm_a, double norm_b) {
    const double norm = std::sqrt(norm_a) * std::sqrt(norm_b);
    return norm > 0 ? dot / norm : (norm_a == norm_b ? 1.0 : 0.0);
  }

  void count_agreements(std::span<const float> expected, std::span<const float> got, const Shape& shape) {
    // A label is a line of its own.
    const std::size_t line = kind_ == OutputKind::kLabels ? 1 : static_cast<std::size_t>(shape[shape.rank() - 1]);
    for (std::size_t begin = 0; begin + line <= expected.size(); begin += line) {
      const auto given = expected.subspan(begin, line);
      if (!std::ranges::all_of(given, [](float x) { return std::isfinite(x); })) continue;
      const auto largest = [&](std::span<const float> data) {
        const auto first = data.begin() + static_cast<std::ptrdiff_t>(begin);
        return std::max_element(first, first + static_cast<std::ptrdiff_t>(line)) - first;
      };
      const bool agreed = kind_ == OutputKind::kLabels ? std::lround(expected[begin]) == std::lround(got[begin])
                                                       : largest(expected) == largest(got);
      num_agreed_ += agreed ? 1 : 0;
      ++num_decisions_;
    }
  }

  OutputKind kind_ = OutputKind::kValues;
  double cosines_ = 0, dot_ = 0, norm_a_ = 0, norm_b_ = 0;
  double lo_ = 0, hi_ = 0, abs_errors_ = 0, max_abs_ = 0, square_errors_ = 0;
  std::size_t elements_ = 0, num_finite_ = 0, num_not_finite_ = 0, num_different_ = 0;
  std::size_t count_ = 0, num_agreed_ = 0, num_decisions_ = 0;
  std::vector<double> means_, squares_;  // of the float values, by element; only of outputs
};

// What must hold labels so that the node's output does: nothing where it makes some itself. No value: it holds none.
std::optional<std::vector<ir::ValueId>> labels_of(const ir::Graph& graph, const ir::Node& node) {
  using Sources = std::vector<ir::ValueId>;
  if (node.op == ir::OpKind::kArgMax || node.op == ir::OpKind::kSort) return Sources();
  if (is_movement(node.op)) return Sources{node.inputs[0]};
  if (node.op == ir::OpKind::kConcat) return node.inputs;
  // Numbers of classes by their place, and numbers counted from elsewhere. Of real numbers these are values: a tree's leaves.
  if (graph.output_of(node).dtype == ir::DataType::kFloat) return std::nullopt;
  if (node.op == ir::OpKind::kGather) return Sources{node.inputs[graph.value(node.inputs[0]).is_constant() ? 1 : 0]};
  if (node.op == ir::OpKind::kWhere) return Sources{node.inputs[1], node.inputs[2]};
  const bool shifts = node.op == ir::OpKind::kAdd || node.op == ir::OpKind::kSub || node.op == ir::OpKind::kMul;
  if (shifts && (graph.value(node.inputs[0]).is_constant() || graph.value(node.inputs[1]).is_constant()))
    return Sources{node.inputs[0], node.inputs[1]};
  return std::nullopt;
}

// Whether all that the value holds was chosen, perhaps moved since: then distances between numbers mean nothing.
bool holds_labels(const ir::Graph& graph, const std::vector<std::int32_t>& producers, ir::ValueId id) {
  std::vector<ir::ValueId> left = {id};
  std::vector<bool> seen(graph.values.size(), false);
  bool is_chosen = false;
  while (!left.empty()) {
    const ir::ValueId next = left.back();
    left.pop_back();
    if (next == ir::kNoValue) return false;
    if (seen[static_cast<std::size_t>(next)]) continue;
    seen[static_cast<std::size_t>(next)] = true;
    const ir::Value& value = graph.value(next);
    const std::int32_t producer = producers[static_cast<std::size_t>(next)];
    if (producer < 0) {
      if (!value.is_constant()) return false;
      continue;
    }
    if (value.dtype == ir::DataType::kBool) {
      is_chosen = true;
      continue;
    }
    const ir::Node& node = graph.nodes[static_cast<std::size_t>(producer)];
    const std::optional<std::vector<ir::ValueId>> sources = labels_of(graph, node);
    if (!sources.has_value()) return false;
    is_chosen |= sources->empty() || node.op == ir::OpKind::kWhere;
    left.insert(left.end(), sources->begin(), sources->end());
  }
  return is_chosen;
}

}  // namespace

std::vector<OutputKind> output_kinds(const ir::Graph& graph) {
  const std::vector<std::int32_t> producers = ir::producers(graph);
  std::vector<OutputKind> kinds;
  for (const ir::ValueId id : graph.outputs) {
    const Shape& shape = graph.value(id).shape;
    if (holds_labels(graph, producers, id))
      kinds.push_back(OutputKind::kLabels);
    else
      kinds.push_back(shape.rank() > 0 && shape[shape.rank() - 1] > 1 ? OutputKind::kScores : OutputKind::kValues);
  }
  return kinds;
}

Result<Fidelity> compare(const ir::Graph& graph, const qir::QGraph& integer_graph, const qir::WeightStore& weights,
                         std::span<const TensorMap> inputs, const CompareObserver& observer, const ir::Graph* given) {
  if (inputs.empty()) return invalid_argument("fidelity: no inputs to compare on");
  if (graph.inputs.size() != integer_graph.inputs.size() || graph.outputs.size() != integer_graph.outputs.size()) {
    return invalid_argument(
        "fidelity: the float and the integer model have different inputs or outputs; are they the same model?");
  }
  const std::vector<OutputKind> kinds = output_kinds(graph);
  Fidelity report;
  report.num_inputs = inputs.size();
  std::unordered_map<std::string, qir::ValueId> by_name;
  for (const qir::Node& node : integer_graph.nodes) by_name[integer_graph.value(node.output).name] = node.output;
  std::vector<Comparison> layers(integer_graph.values.size());
  const std::vector<std::int32_t> producers = ir::producers(graph);
  for (const ir::Node& node : graph.nodes) {
    const auto it = by_name.find(graph.output_of(node).name);
    if (it != by_name.end() && holds_labels(graph, producers, node.output))
      layers[it->second] = Comparison(OutputKind::kLabels, 0);
  }
  std::vector<Comparison> outputs;
  for (std::size_t j = 0; j < graph.outputs.size(); ++j) {
    outputs.emplace_back(kinds[j], static_cast<std::size_t>(graph.value(graph.outputs[j]).shape.num_elements()));
  }
  std::optional<Perplexity> perplexity = Perplexity::of(graph, integer_graph);
  for (const TensorMap& input : inputs) {
    exec_integer::Inputs integers;
    for (std::size_t j = 0; j < graph.inputs.size(); ++j) {
      const auto it = input.find(graph.value(graph.inputs[j]).name);
      if (it == input.end())
        return invalid_argument("fidelity: no tensor for input '" + graph.value(graph.inputs[j]).name + "'");
      Clipping clipping;
      ZKI_ASSIGN_OR_RETURN(auto values,
                           quantize_input(integer_graph.value(integer_graph.inputs[j]), it->second.data(), &clipping));
      if (report.inputs.size() <= j)
        report.inputs.push_back(clipping);
      else
        report.inputs[j].add(clipping);
      integers.push_back(std::move(values));
    }
    ZKI_ASSIGN_OR_RETURN(const exec_integer::Witness witness, exec_integer::run(integer_graph, weights, integers));
    const auto real_of = [&](qir::ValueId id) { return dequantize(integer_graph.value(id), witness.values[id]); };
    const exec_float::FloatObserver observe = [&](const ir::Value& value, const FloatTensor& tensor) {
      if (perplexity.has_value() && value.name == perplexity->float_scores())
        perplexity->add(input.at(graph.value(graph.inputs[0]).name).data(), tensor.data(),
                        real_of(perplexity->integer_scores()));
      const auto it = by_name.find(value.name);
      if (it != by_name.end() && integer_graph.value(it->second).shape == tensor.shape())
        layers[it->second].add(tensor.data(), real_of(it->second), tensor.shape());
    };
    ZKI_ASSIGN_OR_RETURN(TensorMap expected, exec_float::run_float(graph, input, observe));
    if (given != nullptr) {
      ZKI_ASSIGN_OR_RETURN(expected, exec_float::run_float(*given, input));
    }
    std::vector<OutputPair> pairs;
    for (std::size_t j = 0; j < graph.outputs.size(); ++j) {
      const FloatTensor& floats = expected.at(graph.value(graph.outputs[j]).name);
      std::vector<float> got = real_of(integer_graph.outputs[j]);
      if (got.size() != static_cast<std::size_t>(floats.num_elements()))
        return invalid_argument("fidelity: output shapes differ; are they the same model?");
      outputs[j].add(floats.data(), got, floats.shape());
      if (observer) pairs.push_back({floats, std::move(got)});
    }
    if (observer) observer(witness, pairs);
  }
  if (perplexity.has_value()) report.language = perplexity->result();
  for (std::size_t j = 0; j < outputs.size(); ++j)
    report.outputs.push_back(outputs[j].result(graph.value(graph.outputs[j]).name));
  for (const qir::Node& node : integer_graph.nodes) {
    if (layers[node.output].num_inputs() > 0)
      report.layers.push_back(layers[node.output].result(integer_graph.value(node.output).name));
  }
  return report;
}

}  // namespace zkinfer::quant
