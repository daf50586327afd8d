// SPDX-License-Identifier: Apache-2.0
// A product with constant weights of a product with constant weights is one, where that takes no more weights: a linear kernel's vectors and
// their coefficients, principal components before a layer. Nothing is rounded in between then.
#include <optional>
#include <utility>
#include <vector>

#include "passes/rewriter.h"
#include "passes/rewrites.h"

namespace zkinfer::passes {

namespace {

using ir::kNoValue;
using ir::Node;
using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

struct Layer {
  const FloatTensor* weights;
  const FloatTensor* bias;  // may be null
};

std::optional<Layer> layer_of(const ir::Graph& graph, const Node* node) {
  if (node == nullptr || node->op != OpKind::kMatMul) return std::nullopt;
  const Layer layer{graph.input_of(*node, 1).floats(),
                    node->has_input(2) ? graph.input_of(*node, 2).floats() : nullptr};
  if (layer.weights == nullptr || layer.weights->shape().rank() != 2 || graph.input_of(*node, 0).is_constant())
    return std::nullopt;
  if (node->has_input(2) && layer.bias == nullptr) return std::nullopt;
  return layer;
}

Result<ValueId> join(Rewriter& rewriter, const Node& node) {
  const ir::Graph& graph = rewriter.from();
  const std::optional<Layer> second = layer_of(graph, &node);
  if (!second || !rewriter.used_once(node.inputs[0])) return kNoValue;
  const Node* before = rewriter.maker(node.inputs[0]);
  const std::optional<Layer> first = layer_of(graph, before);
  if (!first) return kNoValue;
  const Shape &a = first->weights->shape(), &b = second->weights->shape();
  if (a[0] * b[1] > a[0] * a[1] + b[0] * b[1]) return kNoValue;
  const auto rows = static_cast<size_t>(a[0]), inner = static_cast<size_t>(a[1]), columns = static_cast<size_t>(b[1]);
  // One row more: the biases.
  std::vector<double> sums((rows + 1) * columns, 0.0);
  for (size_t i = 0; i <= rows; ++i) {
    for (size_t k = 0; k < inner; ++k) {
      const bool is_bias = i == rows;
      if (is_bias && first->bias == nullptr) break;
      const double factor = static_cast<double>(is_bias ? (*first->bias)[first->bias->num_elements() == 1 ? 0 : k]
                                                        : (*first->weights)[i * inner + k]);
      for (size_t j = 0; j < columns; ++j)
        sums[i * columns + j] += factor * static_cast<double>((*second->weights)[k * columns + j]);
    }
  }
  if (second->bias != nullptr)
    for (size_t j = 0; j < columns; ++j)
      sums[rows * columns + j] += static_cast<double>((*second->bias)[second->bias->num_elements() == 1 ? 0 : j]);
  FloatTensor weights(Shape{a[0], b[1]}), bias(Shape{b[1]});
  for (size_t i = 0; i < weights.data().size(); ++i) weights[i] = static_cast<float>(sums[i]);
  for (size_t j = 0; j < columns; ++j) bias[j] = static_cast<float>(sums[rows * columns + j]);
  std::vector<ValueId> inputs = {rewriter.mapped(before->inputs[0]),
                                 rewriter.constant(node, std::move(weights), "joined")};
  if (first->bias != nullptr || second->bias != nullptr)
    inputs.push_back(rewriter.constant(node, std::move(bias), "joined_bias"));
  return rewriter.emit(OpKind::kMatMul, node, std::move(inputs));
}

}  // namespace

Result<ir::Graph> join_products(const ir::Graph& graph) { return rewrite(graph, join); }

}  // namespace zkinfer::passes
