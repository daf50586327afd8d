// SPDX-License-Identifier: Apache-2.0
#include "exec/integer/operand.h"

namespace zkinfer::exec_integer {

void run_linear(const OpContext& op) {
  walk(op, [&](std::size_t i) { op.out[i] = op.node->constant; });
  for (std::size_t input = 0; input < op.inputs.size(); ++input) {
    const Operand& x = op.inputs[input];
    const std::int64_t coef = op.node->coefs[input];
    if (x.shape() == *op.out_shape) {
      walk(op, [&](std::size_t i) { op.out[i] = sum_of(op.out[i], product_of(coef, x[i])); });
      continue;
    }
    walk(op, {broadcast_strides(x.shape(), *op.out_shape)}, [&](std::size_t i, const Odometer& at) {
      op.out[i] = sum_of(op.out[i], product_of(coef, x[static_cast<std::size_t>(at.offset(0))]));
    });
  }
}

}  // namespace zkinfer::exec_integer
