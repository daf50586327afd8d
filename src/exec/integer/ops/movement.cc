// SPDX-License-Identifier: Apache-2.0
// Reshape, Transpose, Slice, Pad, Concat: strided copies.
#include <algorithm>

#include "exec/integer/operand.h"

namespace zkinfer::exec_integer {

void run_reshape(const OpContext& op) { op.inputs[0].copy<std::int64_t>(0, op.out); }

void run_transpose(const OpContext& op) {
  const Operand& x = op.inputs[0];
  const Dims in_strides = row_major_strides(x.shape());
  Dims strides;
  for (const std::int64_t axis : op.node->perm) strides.push_back(in_strides[static_cast<std::size_t>(axis)]);
  Odometer odometer(*op.out_shape, {strides});
  for (std::int64_t& y : op.out) {
    y = x[static_cast<std::size_t>(odometer.offset(0))];
    odometer.next();
  }
}

void run_slice(const OpContext& op) {
  const Operand& x = op.inputs[0];
  Dims strides = row_major_strides(x.shape());
  std::int64_t start = 0;
  for (std::size_t i = 0; i < strides.size(); ++i) {
    start += op.node->starts[i] * strides[i];
    strides[i] *= op.node->steps[i];
  }
  Odometer odometer(*op.out_shape, {strides});
  for (std::int64_t& y : op.out) {
    y = x[static_cast<std::size_t>(start + odometer.offset(0))];
    odometer.next();
  }
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
    for (std::size_t i = 0; i < outer; ++i)
      x.copy<std::int64_t>(i * block, op.out.subspan(i * out_block + begin, block));
    begin += block;
  }
}

}  // namespace zkinfer::exec_integer
