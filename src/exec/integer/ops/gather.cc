// SPDX-License-Identifier: Apache-2.0
#include "exec/integer/operand.h"
#include "exec/integer/reduction.h"

namespace zkinfer::exec_integer {

// Indices are in range: validate demands it of their declared range.
void run_gather(const OpContext& op) {
  const Operand& data = op.inputs[0];
  const Operand& indices = op.inputs[1];
  const AxisLines from(data.shape(), op.node->axes[0]);
  const auto num_indices = static_cast<std::size_t>(indices.shape().num_elements());
  if (!op.node->coefs.empty()) {
    const AxisLines to(*op.out_shape, op.node->axes[0]);
    for (std::size_t line = 0; line < to.num_lines(); ++line) {
      for (std::size_t i = 0; i < to.length; ++i) {
        const std::size_t at = to.at(line, i);
        op.out[at] = data[from.at(line, static_cast<std::size_t>(indices[at]))];
      }
    }
    return;
  }
  const std::size_t run = from.inner_size;
  for (std::size_t outer = 0; outer < from.outer_size; ++outer) {
    for (std::size_t i = 0; i < num_indices; ++i) {
      data.copy<std::int64_t>((outer * from.length + static_cast<std::size_t>(indices[i])) * run,
                              op.out.subspan((outer * num_indices + i) * run, run));
    }
  }
}

}  // namespace zkinfer::exec_integer
