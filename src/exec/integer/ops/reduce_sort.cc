// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include "base/parallel.h"
#include "exec/integer/operand.h"
#include "exec/integer/reduction.h"

namespace zkinfer::exec_integer {

void run_sort(const OpContext& op) {
  const Operand& x = op.inputs[0];
  const AxisLines lines(x.shape(), op.node->axes[0]);
  const bool ascending = op.node->coefs[0] > 0;
  parallel_for(lines.num_lines(), 1, [&](std::size_t begin, std::size_t end) {
    std::vector<std::size_t> order(lines.length);
    for (std::size_t line = begin; line < end; ++line) {
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        const std::int64_t u = x[lines.at(line, a)], v = x[lines.at(line, b)];
        return ascending ? u < v : u > v;
      });
      for (std::size_t i = 0; i < lines.length; ++i) op.out[lines.at(line, i)] = static_cast<std::int64_t>(order[i]);
    }
  });
}

}  // namespace zkinfer::exec_integer
