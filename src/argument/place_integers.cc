// SPDX-License-Identifier: Apache-2.0
#include "argument/place_integers.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/parallel.h"

namespace zkinfer::argument {

namespace {

// The block's integers, in `out_width` bytes each.
template <class T>
void copy_integers(const circuit::Block& block, const std::vector<std::uint32_t>& order,
                   const std::vector<std::uint64_t>& shape, const IntSpan& values, std::uint8_t* out) {
  circuit::visit_block(block, order, shape,
                       [&](std::size_t source, std::size_t target, std::size_t count, std::size_t step) {
                         values.with_reader([&](const auto& read) {
                           for (std::size_t i = 0; i < count; ++i) {
                             const T x = static_cast<T>(read(source + i * step));
                             std::memcpy(out + (target + i) * sizeof(T), &x, sizeof(T));
                           }
                         });
                       });
}

}  // namespace

pcs::IntLanes place_integers(const circuit::Layout& layout, const std::vector<circuit::Column>& columns,
                             const circuit::ColumnValues& data) {
  std::vector<std::uint8_t> widths(layout.lanes.size(), 1);
  for (std::size_t lane = 0; lane < widths.size(); ++lane) {
    for (const auto& [id, block] : layout.lanes[lane]) widths[lane] = std::max(widths[lane], data.view(id).ints.width);
  }
  pcs::IntLanes out(widths, layout.num_coefs);
  parallel_for(widths.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t lane = begin; lane < end; ++lane) {
      for (const auto& [id, block_index] : layout.lanes[lane]) {
        const circuit::ColumnLayout& place = layout.columns[id];
        const circuit::PlacedBlock& placed = place.blocks[block_index];
        const circuit::Column& column = columns[id];
        const IntSpan values = data.view(id).ints;
        ZKI_CHECK_EQ(values.size, column.num_elements(), "every placed column has its integers");
        const auto copy = [&](auto type) {
          copy_integers<decltype(type)>(placed.block, place.cuts.order, column.shape, values,
                                        out.lane_bytes(lane) + placed.row * widths[lane]);
        };
        if (widths[lane] == 1)
          copy(std::int8_t{});
        else if (widths[lane] == 2)
          copy(std::int16_t{});
        else
          copy(std::int32_t{});
      }
    }
  });
  return out;
}

}  // namespace zkinfer::argument
