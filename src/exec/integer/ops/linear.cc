// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "exec/integer/operand.h"

namespace zkinfer::exec_integer {

void run_linear(const OpContext& op) {
  std::fill(op.out.begin(), op.out.end(), op.node->constant);
  for (std::size_t input = 0; input < op.inputs.size(); ++input) {
    const Operand& x = op.inputs[input];
    const std::int64_t coef = op.node->coefs[input];
    if (x.shape() == *op.out_shape) {
      for (std::size_t i = 0; i < op.out.size(); ++i) op.out[i] = sum_of(op.out[i], product_of(coef, x[i]));
      continue;
    }
    Odometer odometer(*op.out_shape, {broadcast_strides(x.shape(), *op.out_shape)});
    for (std::int64_t& acc : op.out) {
      acc = sum_of(acc, product_of(coef, x[static_cast<std::size_t>(odometer.offset(0))]));
      odometer.next();
    }
  }
}

}  // namespace zkinfer::exec_integer
