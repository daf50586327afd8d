// SPDX-License-Identifier: Apache-2.0
#include "ir/affine.h"

#include <algorithm>

namespace zkinfer::ir {

using std::size_t;

std::optional<std::vector<float>> per_channel(const FloatTensor& constant, const Shape& output, size_t channel_axis) {
  const Shape& shape = constant.shape();
  if (channel_axis >= output.rank() || shape.rank() > output.rank() || constant.data().empty()) return std::nullopt;
  const size_t lead = output.rank() - shape.rank();
  for (size_t axis = 0; axis < shape.rank(); ++axis)
    if (shape[axis] != 1 && lead + axis != channel_axis) return std::nullopt;
  std::vector<float> values(static_cast<size_t>(output[channel_axis]), constant[0]);
  if (constant.num_elements() > 1) std::copy(constant.data().begin(), constant.data().end(), values.begin());
  return values;
}

std::optional<Dims> sliced_columns(const Graph& graph, const Node& slice) {
  const Shape& table = graph.input_of(slice, 0).shape;
  const SliceAttributes& picked = slice.as<SliceAttributes>();
  if (table.rank() != 2 || picked.starts[0] != 0 || picked.steps[0] != 1 || picked.sizes[0] != table[0])
    return std::nullopt;
  Dims columns;
  for (std::int64_t k = 0; k < picked.sizes[1]; ++k) columns.push_back(picked.starts[1] + k * picked.steps[1]);
  return columns;
}

std::optional<Affine> as_affine(const Graph& graph, const Node* node) {
  if (node == nullptr || (node->op != OpKind::kMul && node->op != OpKind::kAdd)) return std::nullopt;
  for (const size_t side : {size_t{0}, size_t{1}}) {
    const Value& constant = graph.input_of(*node, side);
    const Value& x = graph.input_of(*node, 1 - side);
    if (constant.floats() == nullptr || constant.shape.num_elements() == 0) continue;
    if (!x.is_constant() && x.shape == graph.output_of(*node).shape)
      return Affine{node->op == OpKind::kMul, node->inputs[1 - side], node->inputs[side]};
  }
  return std::nullopt;
}

std::optional<Filled> as_filled(const Graph& graph, const Node* node) {
  if (node == nullptr || node->op != OpKind::kWhere) return std::nullopt;
  const Shape& table = graph.output_of(*node).shape;
  if (table.rank() != 2 || graph.input_of(*node, 0).shape != table || graph.input_of(*node, 0).is_constant())
    return std::nullopt;
  for (const size_t side : {size_t{1}, size_t{2}}) {
    const FloatTensor* given = graph.input_of(*node, side).floats();
    const Value& x = graph.input_of(*node, 3 - side);
    if (given == nullptr || given->data().empty() || x.is_constant() || x.shape != table) continue;
    std::optional<std::vector<float>> numbers = per_channel(*given, table, 1);
    if (numbers) return Filled{node->inputs[0], node->inputs[3 - side], *std::move(numbers), side == 2};
  }
  return std::nullopt;
}

}  // namespace zkinfer::ir
