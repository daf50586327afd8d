// SPDX-License-Identifier: Apache-2.0
// What the passes that move multiplications and additions of constants share.
#pragma once

#include <optional>
#include <vector>

#include "ir/graph.h"
#include "tensor/tensor.h"

namespace zkinfer::passes {

// The constant operand of a broadcasting node as one number per channel (axis `channel_axis` of `output`), when it
// varies along that axis only.
std::optional<std::vector<float>> per_channel(const FloatTensor& constant, const Shape& output,
                                              std::size_t channel_axis);

// A node x * c or x + c with a constant c that does not change the shape of x.
struct Affine {
  bool is_product;
  ir::ValueId x;
  ir::ValueId constant;
};
std::optional<Affine> as_affine(const ir::Graph& graph, const ir::Node* node);

}  // namespace zkinfer::passes
