// SPDX-License-Identifier: Apache-2.0
#include "exec/integer/operand.h"
#include "exec/integer/window.h"

namespace zkinfer::exec_integer {

void run_sum_pool(const OpContext& op) {
  const std::vector<std::int64_t> x = op.inputs[0].widened();
  const WindowReader windows(*op.node, op.inputs[0].shape(), *op.out_shape);
  const std::size_t num_planes = op.out.size() / windows.out_plane();
  std::vector<std::int64_t> offsets;
  for (std::size_t position = 0; position < windows.out_plane(); ++position) {
    windows.offsets(position, offsets);
    for (std::size_t plane = 0; plane < num_planes; ++plane) {
      const std::int64_t* cells = x.data() + plane * windows.in_plane();
      std::int64_t sum = 0;
      for (const std::int64_t offset : offsets) sum = sum_of(sum, offset < 0 ? 0 : cells[offset]);
      op.out[plane * windows.out_plane() + position] = product_of(op.node->coefs[0], sum);
    }
  }
}

}  // namespace zkinfer::exec_integer
