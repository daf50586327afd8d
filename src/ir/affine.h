// SPDX-License-Identifier: Apache-2.0
// Multiplications by constants and additions of them, by channel; constants in place of some entries of a table.
#pragma once

#include <optional>
#include <vector>

#include "ir/graph.h"
#include "tensor/tensor.h"

namespace zkinfer::ir {

// The constant operand of a broadcasting node as one number per channel (axis `channel_axis` of `output`), when it
// varies along that axis only.
std::optional<std::vector<float>> per_channel(const FloatTensor& constant, const Shape& output,
                                              std::size_t channel_axis);

// The columns that a Slice of a table [rows, columns] picks, with all rows; none where it picks anything else.
std::optional<Dims> sliced_columns(const Graph& graph, const Node& slice);

// A node x * c or x + c with a constant c that does not change the shape of x.
struct Affine {
  bool is_product;
  ValueId x;
  ValueId constant;
};
std::optional<Affine> as_affine(const Graph& graph, const Node* node);

// A node Where of a table x [rows, columns]: where the condition of each entry holds a number of its column, else x; an imputer's.
struct Filled {
  ValueId condition;
  ValueId x;
  std::vector<float> numbers;  // by column
  bool where_not;              // the numbers stand where the condition does not hold
};
std::optional<Filled> as_filled(const Graph& graph, const Node* node);

}  // namespace zkinfer::ir
