// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

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
    walk(op, [&](std::size_t i) { op.out[i] = data[from.at(to.line_of(i), static_cast<std::size_t>(indices[i]))]; });
    return;
  }
  const std::size_t slice = from.inner_size;
  for (const Run& run : op.runs) {
    for (std::size_t i = run.begin; i < run.end();) {
      const std::size_t pick = i / slice, within = i % slice, count = std::min(slice - within, run.end() - i);
      const std::size_t row = pick / num_indices * from.length + static_cast<std::size_t>(indices[pick % num_indices]);
      data.copy<std::int64_t>(row * slice + within, op.out.subspan(i, count));
      i += count;
    }
  }
}

}  // namespace zkinfer::exec_integer
