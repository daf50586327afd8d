// SPDX-License-Identifier: Apache-2.0
#include "exec/integer/operand.h"
#include "exec/integer/reduction.h"

namespace zkinfer::exec_integer {

void run_reduce_sum(const OpContext& op) {
  const Operand& x = op.inputs[0];
  const std::size_t num_elements = static_cast<std::size_t>(x.shape().num_elements());
  Odometer odometer(x.shape(), {reduction_strides(x.shape(), op.node->axes)});
  for (std::size_t i = 0; i < num_elements; ++i, odometer.next()) {
    std::int64_t& sum = op.out[static_cast<std::size_t>(odometer.offset(0))];
    sum = sum_of(sum, x[i]);
  }
  for (std::int64_t& acc : op.out) acc = product_of(acc, op.node->coefs[0]);
}

}  // namespace zkinfer::exec_integer
