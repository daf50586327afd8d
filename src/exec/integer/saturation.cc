// SPDX-License-Identifier: Apache-2.0
#include "exec/integer/saturation.h"

namespace zkinfer::exec_integer {

std::uint64_t num_saturated(const qir::QGraph& graph, std::size_t index, const Witness& witness) {
  const qir::Requant& requant = graph.nodes[index].requant;
  if (requant.table_index == qir::kNoTable) return 0;
  const qir::Table& table = graph.tables[static_cast<std::size_t>(requant.table_index)];
  if (table.kind != qir::TableKind::kClamp) return 0;
  if (table.clamp_lo == 0 && table.clamp_hi == 1) return 0;  // the bit of a comparison
  const std::int64_t round = requant.shift > 0 ? std::int64_t{1} << (requant.shift - 1) : 0;
  std::uint64_t count = 0;
  for (const std::int64_t acc : witness.acc[index]) {
    const std::int64_t argument = (acc + round) >> requant.shift;
    if (argument > table.clamp_hi || (argument < table.clamp_lo && table.clamp_lo < 0)) ++count;
  }
  return count;
}

}  // namespace zkinfer::exec_integer
