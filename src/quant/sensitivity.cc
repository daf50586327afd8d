// SPDX-License-Identifier: Apache-2.0
#include "quant/sensitivity.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "ir/functions.h"
#include "quant/calibration.h"
#include "quant/plan.h"

namespace zkinfer::quant {

namespace {

using ir::index_of;
using ir::Node;
using ir::OpKind;
using ir::ValueId;

// Of normal numbers the largest of many thousands is 4.5 deviations, the median of their sizes 0.67; some more is no reason.
constexpr double kUsualCrest = 2 * 4.5 / 0.67;
constexpr int kLeastMore = 3;  // less unevenness is what the common number of bits is measured with
constexpr int kMostMore = 12;

// The root of the mean square norm of the weights behind one element of the result.
double norm_of_weights(const ir::Value& weights, const Node& node, std::size_t operand) {
  double sum = 0;
  for (const float w : weights.floats()->data()) sum += static_cast<double>(w) * static_cast<double>(w);
  const Shape& shape = weights.shape;
  const std::size_t rank = shape.rank();
  // Conv: [output channels, ..]; MatMul: the last axis behind the operand, the last but one before it.
  const std::int64_t results = node.op == OpKind::kConv ? shape[0]
                               : rank < 2               ? 1
                                          : shape.num_elements() / shape[operand == 1 ? rank - 2 : rank - 1];
  return std::sqrt(sum / static_cast<double>(std::max<std::int64_t>(1, results)));
}

class Sensitivity {
 public:
  Sensitivity(const ir::Graph& graph, const std::unordered_map<std::string, Histogram>& seen)
      : graph_(graph), seen_(seen), range_(graph.values.size(), std::numeric_limits<double>::infinity()) {}

  std::unordered_map<std::string, int> run() {
    std::unordered_map<std::string, int> more;
    // Networks that normalize nothing by its own size are even enough for one number of bits.
    const auto squares = [](const Node& node) { return node.op == OpKind::kMul && node.inputs[0] == node.inputs[1]; };
    const auto divides = [&](const Node& node) { return divides_by_values(node); };
    if (std::ranges::none_of(graph_.nodes, squares) || std::ranges::none_of(graph_.nodes, divides)) return more;
    for (std::size_t i = graph_.nodes.size(); i-- > 0;) visit(graph_.nodes[i]);
    for (std::size_t v = 0; v < range_.size(); ++v) {
      const Histogram* histogram = seen(static_cast<ValueId>(v));
      if (histogram == nullptr || !(range_[v] > 0) || histogram->max_abs() <= range_[v]) continue;
      const int bits = static_cast<int>(std::ceil(std::log2(histogram->max_abs() / range_[v])));
      if (bits >= kLeastMore) more.emplace(graph_.values[v].name, std::min(bits, kMostMore));
    }
    return more;
  }

 private:
  const Histogram* seen(ValueId id) const {
    const auto found = seen_.find(graph_.value(id).name);
    return found == seen_.end() || graph_.value(id).is_constant() ? nullptr : &found->second;
  }

  void need(ValueId id, double range) { range_[index_of(id)] = std::min(range_[index_of(id)], range); }

  void visit(const Node& node) {
    for (const std::size_t operand : {std::size_t{0}, std::size_t{1}}) need_of_contraction(node, operand);
    if (node.op == OpKind::kMul) need_of_product(node);
    if (is_movement(node.op)) need(node.inputs[0], range_[index_of(node.output)]);
    if (node.op == OpKind::kConcat || node.op == OpKind::kAdd || node.op == OpKind::kSub)
      for (const ValueId id : node.inputs) need(id, range_[index_of(node.output)]);
  }

  bool divides_by_values(const Node& node) const {
    if (node.op == OpKind::kDiv) return !graph_.input_of(node, 1).is_constant();
    if (node.op != OpKind::kFunction) return false;
    const auto& [function, a, b] = node.as<ir::FunctionAttributes>();
    return function == ir::function("Reciprocal") || (function == ir::function("Power") && a < 0);
  }

  // Roundings of one unit make a relative error of unit |w| / (usual result); with the common bits and normal numbers the unit is
  // 4.5 |result| / |w| over the number of levels.
  void need_of_contraction(const Node& node, std::size_t operand) {
    if ((node.op != OpKind::kMatMul && node.op != OpKind::kConv) || (node.op == OpKind::kConv && operand == 0)) return;
    const ir::Value& weights = graph_.input_of(node, operand);
    const Histogram* result = seen(node.output);
    if (weights.floats() == nullptr || result == nullptr) return;
    const double norm = norm_of_weights(weights, node, operand);
    if (norm > 0 && result->usual() > 0) need(node.inputs[1 - operand], kUsualCrest * result->usual() / norm);
  }

  // A rounding of one factor is multiplied by the other.
  void need_of_product(const Node& node) {
    if (node.inputs[0] == node.inputs[1]) {
      if (const Histogram* x = seen(node.inputs[0])) need(node.inputs[0], kUsualCrest * x->usual());
      return;
    }
    for (const std::size_t operand : {std::size_t{0}, std::size_t{1}}) {
      const double factor = usual_size(node.inputs[operand]);
      if (factor > 0) need(node.inputs[1 - operand], range_[index_of(node.output)] / factor);
    }
  }

  // Of an activation or a constant; 0 if there is none.
  double usual_size(ValueId id) const {
    const FloatTensor* constant = graph_.value(id).floats();
    if (constant == nullptr) return seen(id) == nullptr ? 0 : seen(id)->usual();
    Histogram histogram;
    histogram.add(constant->data());
    return histogram.usual();
  }

  const ir::Graph& graph_;
  const std::unordered_map<std::string, Histogram>& seen_;
  std::vector<double> range_;  // by value id: the largest range for which the common bits are enough
};

}  // namespace

std::unordered_map<std::string, int> more_bits_of(const ir::Graph& graph,
                                                  const std::unordered_map<std::string, Histogram>& seen) {
  return Sensitivity(graph, seen).run();
}

}  // namespace zkinfer::quant
