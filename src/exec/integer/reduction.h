// SPDX-License-Identifier: Apache-2.0
// Reductions walk the input once, in row-major order, and know for each element the output element it goes to.
#pragma once

#include <cstddef>
#include <vector>

#include "qir/qgraph.h"
#include "tensor/odometer.h"

namespace zkinfer::exec_integer {

// Output strides along the input's axes: 0 on reduced axes, so that an Odometer over the input gives output positions.
inline Dims reduction_strides(const Shape& in, const std::vector<std::int64_t>& axes) {
  Dims kept = in.dims();
  for (const std::int64_t axis : axes) kept[static_cast<std::size_t>(axis)] = 1;
  return broadcast_strides(Shape(kept), in);
}

// The lines of one axis: element j of line (outer, inner) is at (outer * length + j) * inner_size + inner.
struct AxisLines {
  AxisLines(const Shape& shape, std::int64_t axis)
      : outer_size(static_cast<std::size_t>(shape.num_elements(0, static_cast<std::size_t>(axis)))),
        length(static_cast<std::size_t>(shape[static_cast<std::size_t>(axis)])),
        inner_size(static_cast<std::size_t>(shape.num_elements(static_cast<std::size_t>(axis) + 1, shape.rank()))) {}
  std::size_t num_lines() const { return outer_size * inner_size; }
  std::size_t at(std::size_t line, std::size_t j) const {
    return (line / inner_size * length + j) * inner_size + line % inner_size;
  }
  std::size_t outer_size, length, inner_size;
};

}  // namespace zkinfer::exec_integer
