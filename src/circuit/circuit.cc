// SPDX-License-Identifier: Apache-2.0
#include "circuit/circuit.h"

#include <algorithm>
#include <bit>

namespace zkinfer::circuit {

std::uint64_t box_size(const Box& box) {
  std::uint64_t count = 1;
  for (const std::uint64_t n : box) count *= n;
  return count;
}

std::uint64_t Column::num_elements() const { return box_size(shape); }

std::size_t Tuples::num_entries() const { return tuple.size() + (run_box.empty() ? 0 : box_size(run_box)); }

Box Tuples::whole_box() const {
  Box whole = box;
  whole.insert(whole.end(), run_box.begin(), run_box.end());
  return whole;
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

int Table::log_size() const {
  ZKI_CHECK(!committed, "a public table");
  if (grid) return axis_bits(grid->num_tuples());
  return form == Form::kPieces ? rows.log_size - rows.piece_bits : rows.log_size;
}

std::uint64_t Table::num_rows() const { return committed ? box_size(committed->box) : std::uint64_t{1} << log_size(); }

std::size_t Table::tuple_size() const {
  if (committed) return committed->num_entries();
  if (grid) return grid->width;
  if (form != Form::kValues) return 3;
  return rows.kind == qir::TableKind::kRange ? 1 : 2;
}

std::vector<Line> Table::lines(std::size_t index) const {
  if (committed || (grid && grid->width > 1)) return {};
  const std::uint64_t end = num_rows();
  if (grid) return {{grid->side, grid->first, true}, {end, entry(end - 1, 0), false}};
  if (index == 0) return {{end, first(), true}};
  if (rows.kind != qir::TableKind::kClamp) return {};
  // The rows of arguments below lo, between lo and hi, and above hi.
  const auto rows_below = [&](std::int64_t x) {
    return x <= rows.first ? 0 : std::min(end, static_cast<std::uint64_t>(x) - static_cast<std::uint64_t>(rows.first));
  };
  const std::uint64_t low = rows_below(rows.clamp_lo);
  const std::uint64_t up_to = rows_below(rows.clamp_hi);
  const std::uint64_t high = std::max(low, rows.clamp_hi < rows.first ? 0 : std::min(end, up_to + 1));
  if (index == 2) return {{low, 1, false}, {high, 0, false}, {end, 1, false}};
  return {{low, rows.clamp_lo, false}, {high, rows.first, true}, {end, rows.clamp_hi, false}};
}

std::int64_t Table::entry(std::uint64_t row, std::size_t index) const {
  ZKI_CHECK(!committed, "a public table");
  if (!grid) {
    const std::int64_t x = first() + static_cast<std::int64_t>(row);
    if (index == 0) return x;
    if (form == Form::kPieces && index == 1) return rows.slopes.empty() ? row + 1 == num_rows() : rows.slopes[row];
    if (form == Form::kPieces) return rows.values[row];
    return index == 1 ? rows.at(x) : (rows.at(x) != x ? 1 : 0);
  }
  std::uint64_t digits = std::min(row, grid->num_tuples() - 1);
  for (std::size_t i = 0; i < index; ++i) digits /= grid->side;
  return grid->first + static_cast<std::int64_t>(digits % grid->side);
}

}  // namespace zkinfer::circuit
