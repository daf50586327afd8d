// SPDX-License-Identifier: Apache-2.0
#include "argument/place_narrow.h"

#include <algorithm>

#include "base/check.h"
#include "base/parallel.h"

namespace zkinfer::argument {

pcs::IntLanes place_narrow(const circuit::Layout& layout, const std::vector<circuit::Column>& columns,
                           const circuit::ColumnValues& data) {
  std::vector<std::uint8_t> widths(layout.lanes.size(), 1);
  for (std::size_t lane = 0; lane < widths.size(); ++lane) {
    for (const auto& [id, block] : layout.lanes[lane]) {
      const IntSpan& ints = data.view(id).ints;
      widths[lane] = std::max(widths[lane], ints.empty() ? pcs::IntLanes::kElements : ints.width);
    }
  }
  pcs::IntLanes out(widths, layout.num_coefs);
  parallel_for(widths.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t lane = begin; lane < end; ++lane) {
      for (const auto& [id, block_index] : layout.lanes[lane]) {
        const circuit::ColumnLayout& place = layout.columns[id];
        const circuit::PlacedBlock& placed = place.blocks[block_index];
        const circuit::Column& column = columns[id];
        const circuit::ColumnView values = data.view(id);
        ZKI_CHECK_EQ(values.size(), column.num_elements(), "every placed column has its values");
        std::uint8_t* const to = out.lane_bytes(lane) + placed.row * widths[lane];
        if (out.has_elements(lane)) {
          circuit::copy_block(placed.block, place.cuts.order, column.shape, values, reinterpret_cast<Fp*>(to));
        } else {
          circuit::copy_block(placed.block, place.cuts.order, column.shape, values.ints, widths[lane], to);
        }
      }
    }
  });
  return out;
}

}  // namespace zkinfer::argument
