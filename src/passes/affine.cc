// SPDX-License-Identifier: Apache-2.0
#include "passes/affine.h"

#include <algorithm>

namespace zkinfer::passes {

using std::size_t;

// The constant operand of a broadcasting node as one number per channel (axis `channel_axis` of `output`), when it
// varies along that axis only.
std::optional<std::vector<float>> per_channel(const FloatTensor& constant, const Shape& output, size_t channel_axis) {
  const Shape& shape = constant.shape();
  if (shape.rank() > output.rank()) return std::nullopt;
  const size_t lead = output.rank() - shape.rank();
  for (size_t axis = 0; axis < shape.rank(); ++axis)
    if (shape[axis] != 1 && lead + axis != channel_axis) return std::nullopt;
  std::vector<float> values(static_cast<size_t>(output[channel_axis]), constant[0]);
  if (constant.num_elements() > 1) std::copy(constant.data().begin(), constant.data().end(), values.begin());
  return values;
}

std::optional<Affine> as_affine(const ir::Graph& graph, const ir::Node* node) {
  if (node == nullptr || (node->op != ir::OpKind::kMul && node->op != ir::OpKind::kAdd)) return std::nullopt;
  for (const size_t side : {size_t{0}, size_t{1}}) {
    const ir::Value& constant = graph.input_of(*node, side);
    const ir::Value& x = graph.input_of(*node, 1 - side);
    if (constant.floats() == nullptr || constant.shape.num_elements() == 0) continue;
    if (!x.is_constant() && x.shape == graph.output_of(*node).shape)
      return Affine{node->op == ir::OpKind::kMul, node->inputs[1 - side], node->inputs[side]};
  }
  return std::nullopt;
}

}  // namespace zkinfer::passes
