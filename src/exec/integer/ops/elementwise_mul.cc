// SPDX-License-Identifier: Apache-2.0
#include "exec/integer/operand.h"

namespace zkinfer::exec_integer {

void run_mul(const OpContext& op) {
  const Operand& a = op.inputs[0];
  const Operand& b = op.inputs[1];
  const std::int64_t coef = op.node->coefs[0];
  walk(op, {broadcast_strides(a.shape(), *op.out_shape), broadcast_strides(b.shape(), *op.out_shape)},
       [&](std::size_t i, const Odometer& at) {
         op.out[i] = product_of(product_of(coef, a[static_cast<std::size_t>(at.offset(0))]),
                                b[static_cast<std::size_t>(at.offset(1))]);
       });
}

}  // namespace zkinfer::exec_integer
