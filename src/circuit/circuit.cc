// SPDX-License-Identifier: Apache-2.0
#include "circuit/circuit.h"

#include <algorithm>
#include <bit>

namespace zkinfer::circuit {

std::uint64_t Column::num_elements() const {
  std::uint64_t count = 1;
  for (const std::uint64_t n : shape) count *= n;
  return count;
}

int axis_bits(std::uint64_t n) {
  ZKI_CHECK(n >= 1, "an axis has at least one index");
  return static_cast<int>(std::bit_width(n - 1));
}

std::uint64_t Grid::num_tuples() const {
  std::uint64_t count = 1;
  for (std::uint32_t i = 0; i < width; ++i) count *= side;
  ZKI_CHECK(side >= 1 && width >= 1 && count < (std::uint64_t{1} << 32), "a grid is a table that fits a column");
  return count;
}

int Table::log_size() const { return grid ? axis_bits(grid->num_tuples()) : rows.log_size; }

std::size_t Table::tuple_size() const {
  if (grid) return grid->width;
  return rows.kind == qir::TableKind::kRange ? 1 : 2;
}

std::int64_t Table::entry(std::uint64_t row, std::size_t index) const {
  if (!grid) {
    const std::int64_t x = rows.first + static_cast<std::int64_t>(row);
    return index == 0 ? x : rows.at(x);
  }
  std::uint64_t digits = std::min(row, grid->num_tuples() - 1);
  for (std::size_t i = 0; i < index; ++i) digits /= grid->side;
  return grid->first + static_cast<std::int64_t>(digits % grid->side);
}

}  // namespace zkinfer::circuit
