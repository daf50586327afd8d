// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "exec/integer/operand.h"
#include "exec/integer/window.h"

namespace zkinfer::exec_integer {

void run_max_pool(const OpContext& op) {
  const Operand& input = op.inputs[0];
  const std::vector<std::int64_t> x = input.widened();
  const WindowReader windows(*op.node, input.shape(), *op.out_shape);
  const std::size_t num_planes = op.out.size() / windows.out_plane();
  std::vector<std::int64_t> offsets;
  for (std::size_t position = 0; position < windows.out_plane(); ++position) {
    windows.offsets(position, offsets);
    // Padding cells never win: validate saw that every window has a real cell.
    offsets.erase(std::remove(offsets.begin(), offsets.end(), -1), offsets.end());
    for (std::size_t plane = 0; plane < num_planes; ++plane) {
      const std::int64_t* cells = x.data() + plane * windows.in_plane();
      std::int64_t most = cells[offsets.front()];
      for (const std::int64_t offset : offsets) most = std::max(most, cells[offset]);
      op.out[plane * windows.out_plane() + position] = most;
    }
  }
}

}  // namespace zkinfer::exec_integer
