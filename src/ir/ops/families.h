// SPDX-License-Identifier: Apache-2.0
// What the operator families share: the type index of attributes, shape helpers, and one table per family.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

#include "ir/family.h"
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

// Whether `rows` are those of all operators of `family`, and core operators are those that the enumeration says.
template <std::size_t num_rows>
consteval bool rows_of_family(const std::array<OpSchema, num_rows>& rows, OpFamily family) {
  std::size_t expected = 0;
  for (std::size_t kind = 0; kind < kNumOps; ++kind) {
    if (family_of(static_cast<OpKind>(kind)) != family) continue;
    ++expected;
    std::size_t found = 0;
    for (const OpSchema& row : rows) {
      if (static_cast<std::size_t>(row.kind) != kind) continue;
      ++found;
      if ((row.level == OpLevel::kCore) != (kind < kNumCoreOps)) return false;
    }
    if (found != 1) return false;
  }
  return expected == num_rows;
}

// One per family: kOps of ops/<family>.cc.
std::span<const OpSchema> contract_ops();
std::span<const OpSchema> elementwise_ops();
std::span<const OpSchema> pool_ops();
std::span<const OpSchema> reduce_ops();
std::span<const OpSchema> movement_ops();

}  // namespace zkinfer::ir
