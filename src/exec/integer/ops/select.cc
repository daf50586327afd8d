// SPDX-License-Identifier: Apache-2.0
#include "exec/integer/operand.h"

namespace zkinfer::exec_integer {

void run_select(const OpContext& op) {
  std::vector<std::vector<std::int64_t>> strides;
  for (const Operand& x : op.inputs) strides.push_back(broadcast_strides(x.shape(), *op.out_shape));
  Odometer odometer(*op.out_shape, strides);
  for (std::int64_t& y : op.out) {
    const std::size_t chosen = op.inputs[0][static_cast<std::size_t>(odometer.offset(0))] == 1 ? 1 : 2;
    y = op.inputs[chosen][static_cast<std::size_t>(odometer.offset(chosen))];
    odometer.next();
  }
}

}  // namespace zkinfer::exec_integer
