// SPDX-License-Identifier: Apache-2.0
#include "exec/integer/operand.h"
#include "exec/integer/reduction.h"

namespace zkinfer::exec_integer {

void run_arg_max(const OpContext& op) {
  const Operand& x = op.inputs[0];
  const AxisLines lines(x.shape(), op.node->axes[0]);
  // One output element a line.
  walk(op, [&](std::size_t line) {
    std::size_t best = 0;
    for (std::size_t j = 1; j < lines.length; ++j) {
      if (x[lines.at(line, j)] > x[lines.at(line, best)]) best = j;
    }
    op.out[line] = static_cast<std::int64_t>(best);
  });
}

}  // namespace zkinfer::exec_integer
