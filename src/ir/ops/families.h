// SPDX-License-Identifier: Apache-2.0
// What the operator families share: the type index of attributes, shape helpers, and one table per family.
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

#include "ir/op_table.h"

namespace zkinfer::ir {

template <class A, std::size_t i = 0>
constexpr std::size_t attribute_index() {
  if constexpr (std::is_same_v<A, std::variant_alternative_t<i, Attributes>>) {
    return i;
  } else {
    return attribute_index<A, i + 1>();
  }
}

// infer() checks the alternative before any family sees the attributes.
template <class A>
const A& attributes_as(const Attributes& attributes) {
  const A* typed = std::get_if<A>(&attributes);
  ZKI_CHECK(typed != nullptr, "attribute type checked by infer()");
  return *typed;
}

// Output length of a window sliding over one axis: floor((input + pads - dilation * (kernel - 1) - 1) / stride) + 1.
// invalid_argument when the window does not fit or an attribute is out of range.
struct WindowAxis {
  std::int64_t input, kernel, stride, dilation, pad_begin, pad_end;
};
Result<std::int64_t> window_output(const WindowAxis& axis);

// The value types of an operator that takes floats only.
Status require_float(const InferenceInputs& inputs);

std::span<const OpSchema> contract_ops();     // Conv, MatMul, Gemm
std::span<const OpSchema> elementwise_ops();  // arithmetic, activations, comparisons, casts, BatchNormalization
std::span<const OpSchema> pool_ops();         // local and global pools
std::span<const OpSchema> reduce_ops();       // reductions, ArgMax, Softmax
std::span<const OpSchema> movement_ops();     // Reshape, Transpose, Slice, Pad, Concat, Gather, Expand, Tile

}  // namespace zkinfer::ir
