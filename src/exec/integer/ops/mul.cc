// SPDX-License-Identifier: Apache-2.0
#include "exec/integer/operand.h"

namespace zkinfer::exec_integer {

void run_mul(const OpContext& op) {
  const Operand& a = op.inputs[0];
  const Operand& b = op.inputs[1];
  const std::int64_t coef = op.node->coefs[0];
  Odometer odometer(*op.out_shape,
                    {broadcast_strides(a.shape(), *op.out_shape), broadcast_strides(b.shape(), *op.out_shape)});
  for (std::int64_t& acc : op.out) {
    acc = product_of(product_of(coef, a[static_cast<std::size_t>(odometer.offset(0))]),
                     b[static_cast<std::size_t>(odometer.offset(1))]);
    odometer.next();
  }
}

}  // namespace zkinfer::exec_integer
