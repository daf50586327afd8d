// SPDX-License-Identifier: Apache-2.0
#include "exec/integer/operand.h"

namespace zkinfer::exec_integer {

void run_select(const OpContext& op) {
  std::vector<Dims> strides;
  for (const Operand& x : op.inputs) strides.push_back(broadcast_strides(x.shape(), *op.out_shape));
  walk(op, std::move(strides), [&](std::size_t i, const Odometer& at) {
    const std::size_t chosen = op.inputs[0][static_cast<std::size_t>(at.offset(0))] == 1 ? 1 : 2;
    op.out[i] = op.inputs[chosen][static_cast<std::size_t>(at.offset(chosen))];
  });
}

}  // namespace zkinfer::exec_integer
