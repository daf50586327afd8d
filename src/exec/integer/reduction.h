// SPDX-License-Identifier: Apache-2.0
// Which elements of its input each output element of a reduction is made of.
#pragma once

#include <cstddef>
#include <vector>

#include "exec/integer/operand.h"

namespace zkinfer::exec_integer {

// Of op.inputs[0] over the node's axes: done(fold(.. fold(fold(first, x), x') ..)) of each output element.
template <class Fold, class Done>
void reduce_lines(const OpContext& op, std::int64_t first, const Fold& fold, const Done& done) {
  const Operand& x = op.inputs[0];
  Dims kept = x.shape().dims(), reduced(kept.size(), 1);
  for (const std::int64_t axis : op.node->axes)
    std::swap(kept[static_cast<std::size_t>(axis)], reduced[static_cast<std::size_t>(axis)]);
  const Dims strides = row_major_strides(x.shape());
  Odometer line(Shape(kept), {strides}), along(Shape(reduced), {strides});
  const auto length = static_cast<std::size_t>(Shape(reduced).num_elements());
  for (const Run& run : op.runs) {
    line.seek(run.begin);
    for (std::size_t i = run.begin; i < run.end(); ++i, line.next()) {
      std::int64_t value = first;
      // Behind the last one it is at the first again.
      for (std::size_t j = 0; j < length; ++j, along.next())
        value = fold(value, x[static_cast<std::size_t>(line.offset(0) + along.offset(0))]);
      op.out[i] = done(value);
    }
  }
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
  // The line of the element at `i`.
  std::size_t line_of(std::size_t i) const { return i / (length * inner_size) * inner_size + i % inner_size; }
  std::size_t outer_size, length, inner_size;
};

}  // namespace zkinfer::exec_integer
