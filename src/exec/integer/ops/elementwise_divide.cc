// SPDX-License-Identifier: Apache-2.0
// Divide and SquareRoot. validate bounds every number below by 2^62.
#include "exec/integer/operand.h"
#include "qir/ops/rules.h"

namespace zkinfer::exec_integer {

void run_divide(const OpContext& op) {
  const Operand& a = op.inputs[0];
  const Operand& b = op.inputs[1];
  const std::int64_t coef = op.node->coefs[0];
  const bool half_up = op.node->coefs[1] == 1;
  walk(op, {broadcast_strides(a.shape(), *op.out_shape), broadcast_strides(b.shape(), *op.out_shape)},
       [&](std::size_t i, const Odometer& at) {
         const std::int64_t x = product_of(coef, a[static_cast<std::size_t>(at.offset(0))]);
         const std::int64_t by = b[static_cast<std::size_t>(at.offset(1))];
         op.out[i] = static_cast<std::int64_t>(half_up ? qir::floor_divide(qir::Wide{2} * x + by, qir::Wide{2} * by)
                                                       : qir::floor_divide(x, by));
       });
}

void run_square_root(const OpContext& op) {
  walk(op, [&](std::size_t i) {
    op.out[i] = qir::floor_sqrt(sum_of(product_of(op.node->coefs[0], op.inputs[0][i]), op.node->constant));
  });
}

}  // namespace zkinfer::exec_integer
