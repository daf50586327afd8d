// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "exec/integer/operand.h"
#include "exec/integer/reduction.h"

namespace zkinfer::exec_integer {

void run_reduce_max(const OpContext& op) {
  const Operand& x = op.inputs[0];
  const std::size_t num_elements = static_cast<std::size_t>(x.shape().num_elements());
  std::fill(op.out.begin(), op.out.end(), INT64_MIN);
  Odometer odometer(x.shape(), {reduction_strides(x.shape(), op.node->axes)});
  for (std::size_t i = 0; i < num_elements; ++i, odometer.next()) {
    std::int64_t& most = op.out[static_cast<std::size_t>(odometer.offset(0))];
    most = std::max(most, x[i]);
  }
}

}  // namespace zkinfer::exec_integer
