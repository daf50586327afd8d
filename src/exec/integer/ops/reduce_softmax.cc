// SPDX-License-Identifier: Apache-2.0
// y = floor((2^(shift+1) e + s) / (2 s)), e = T[max(x - max x, first)], s = sum e: round(2^shift e / s), halves up; with a coefficient y = e.
#include <algorithm>
#include <vector>

#include "exec/integer/operand.h"
#include "exec/integer/reduction.h"

namespace zkinfer::exec_integer {

void run_softmax(const OpContext& op) {
  const Operand& x = op.inputs[0];
  const AxisLines lines(x.shape(), op.node->axes[0]);
  const qir::Table& table = op.graph->tables[static_cast<std::size_t>(op.node->requant.table_index)];
  const std::int64_t twice_unit = std::int64_t{2} << op.node->requant.shift;
  std::vector<std::int64_t> exponentials(lines.length);
  const auto fill = [&](std::size_t line) {
    std::int64_t most = x[lines.at(line, 0)];
    for (std::size_t j = 1; j < lines.length; ++j) most = std::max(most, x[lines.at(line, j)]);
    std::int64_t sum = 0;
    for (std::size_t j = 0; j < lines.length; ++j) {
      exponentials[j] = table.at(std::max(x[lines.at(line, j)] - most, table.first));
      sum += exponentials[j];
    }
    if (!op.node->coefs.empty()) {
      for (std::size_t j = 0; j < lines.length; ++j) op.out[lines.at(line, j)] = exponentials[j];
      return;
    }
    for (std::size_t j = 0; j < lines.length; ++j) {
      op.out[lines.at(line, j)] = (twice_unit * exponentials[j] + sum) / (2 * sum);
    }
  };
  if (op.is_whole()) {
    for (std::size_t line = 0; line < lines.num_lines(); ++line) fill(line);
    return;
  }
  // Lines as a whole: what else is in them comes out as it is.
  std::vector<std::size_t> touched;
  walk(op, [&](std::size_t i) {
    if (const std::size_t line = lines.line_of(i); touched.empty() || touched.back() != line) touched.push_back(line);
  });
  std::ranges::sort(touched);
  touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
  for (const std::size_t line : touched) fill(line);
}

}  // namespace zkinfer::exec_integer
