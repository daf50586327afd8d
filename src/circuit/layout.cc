// SPDX-License-Identifier: Apache-2.0
#include "circuit/layout.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace zkinfer::circuit {

namespace {

struct Item {
  ColumnId column;
  std::uint32_t block;
  int log_size;
};

}  // namespace

// At most 1/4 of a lane, so that rounding a lane up wastes little; a block costs the verifier as much, however large it is.
int block_limit(const Circuit& circuit, Oracle oracle, int log_lanes) {
  std::uint64_t num_elements = 0;
  for (const Column& column : circuit.columns) {
    if (column.oracle == oracle) num_elements += column.num_elements();
  }
  return std::max(0, static_cast<int>(std::bit_width(num_elements >> log_lanes)) - 3);
}

Layout place_columns(const Circuit& circuit, Oracle oracle, int log_lanes) {
  Layout layout;
  layout.log_lanes = log_lanes;
  layout.columns.resize(circuit.columns.size());
  const std::size_t num_lanes = std::size_t{1} << log_lanes;
  const int limit = block_limit(circuit, oracle, log_lanes);
  std::vector<Item> items;
  std::uint64_t total = 0;
  for (ColumnId id = 0; id < circuit.columns.size(); ++id) {
    if (circuit.columns[id].oracle != oracle) continue;
    layout.columns[id].cuts = cut_axes(circuit.columns[id].shape, limit);
    for (Block& block : blocks_of(layout.columns[id].cuts)) {
      items.push_back({id, static_cast<std::uint32_t>(layout.columns[id].blocks.size()), block.log_size()});
      total += std::uint64_t{1} << block.log_size();
      layout.columns[id].blocks.push_back({std::move(block), 0, 0});
    }
  }
  std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.log_size > b.log_size; });
  // Sizes descend, so a lane's fill level is always a multiple of the next block's size: first fit needs no gaps. The
  // lane height is rounded up to the largest block, then grows until everything fits.
  const std::uint64_t largest = items.empty() ? 1 : std::uint64_t{1} << items.front().log_size;
  std::uint64_t height = std::max<std::uint64_t>(1, (total + num_lanes - 1) / num_lanes);
  height = (height + largest - 1) / largest * largest;
  std::vector<std::uint64_t> fill(num_lanes, 0);
  std::size_t first_open = 0;
  for (const Item& item : items) {
    const std::uint64_t size = std::uint64_t{1} << item.log_size;
    while (first_open < num_lanes && fill[first_open] == height) ++first_open;
    std::size_t lane = first_open;
    while (lane < num_lanes && fill[lane] + size > height) ++lane;
    ZKI_CHECK(lane < num_lanes, "descending powers of two fill lanes without gaps");
    PlacedBlock& placed = layout.columns[item.column].blocks[item.block];
    placed.lane = static_cast<std::uint32_t>(lane);
    placed.row = fill[lane];
    fill[lane] += size;
  }
  layout.num_coefs = std::max<std::uint64_t>(1, *std::max_element(fill.begin(), fill.end()));
  layout.lanes.resize(num_lanes);
  for (const Item& item : items) {
    layout.lanes[layout.columns[item.column].blocks[item.block].lane].emplace_back(item.column, item.block);
  }
  return layout;
}

}  // namespace zkinfer::circuit
