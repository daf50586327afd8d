// SPDX-License-Identifier: Apache-2.0
// Reshape, Transpose, Slice, Pad, Concat: strided copies.
#include <algorithm>

#include "exec/integer/operand.h"

namespace zkinfer::exec_integer {

void run_reshape(const OpContext& op) {
  for (const Run& run : op.runs) op.inputs[0].copy<std::int64_t>(run.begin, op.out.subspan(run.begin, run.length));
}

void run_transpose(const OpContext& op) {
  const Operand& x = op.inputs[0];
  const Dims in_strides = row_major_strides(x.shape());
  Dims strides;
  for (const std::int64_t axis : op.node->perm) strides.push_back(in_strides[static_cast<std::size_t>(axis)]);
  walk(op, {std::move(strides)},
       [&](std::size_t i, const Odometer& at) { op.out[i] = x[static_cast<std::size_t>(at.offset(0))]; });
}

void run_slice(const OpContext& op) {
  const Operand& x = op.inputs[0];
  Dims strides = row_major_strides(x.shape());
  std::int64_t start = 0;
  for (std::size_t i = 0; i < strides.size(); ++i) {
    start += op.node->starts[i] * strides[i];
    strides[i] *= op.node->steps[i];
  }
  walk(op, {std::move(strides)},
       [&](std::size_t i, const Odometer& at) { op.out[i] = x[static_cast<std::size_t>(start + at.offset(0))]; });
}

void run_pad(const OpContext& op) {
  const Operand& x = op.inputs[0];
  const Dims strides = row_major_strides(*op.out_shape);
  std::int64_t start = 0;
  for (std::size_t i = 0; i < strides.size(); ++i) start += op.node->pads_begin[i] * strides[i];
  Odometer odometer(x.shape(), {strides});
  const std::size_t num_elements = static_cast<std::size_t>(x.shape().num_elements());
  for (std::size_t i = 0; i < num_elements; ++i, odometer.next())
    op.out[static_cast<std::size_t>(start + odometer.offset(0))] = x[i];
}

void run_concat(const OpContext& op) {
  const std::size_t axis = static_cast<std::size_t>(op.node->axes[0]);
  const std::size_t outer = static_cast<std::size_t>(op.out_shape->num_elements(0, axis));
  const std::size_t out_block = op.out.size() / outer;
  std::size_t begin = 0;
  for (const Operand& x : op.inputs) {
    const std::size_t block = static_cast<std::size_t>(x.shape().num_elements()) / outer;
    // The part of each run that this input's blocks are.
    for (const Run& run : op.runs) {
      for (std::size_t i = run.begin / out_block; i * out_block < run.end(); ++i) {
        const std::size_t own = i * out_block + begin, from = std::max<std::size_t>(own, run.begin),
                          to = std::min(own + block, run.end());
        if (from < to) x.copy<std::int64_t>(i * block + (from - own), op.out.subspan(from, to - from));
      }
    }
    begin += block;
  }
}

}  // namespace zkinfer::exec_integer
