// SPDX-License-Identifier: Apache-2.0
// The certificate's circuit: every parameter lies in its declared range [lo, hi], n = hi - lo + 1 numbers.
//
// n <= 2^16, or more of them where limbs would cost more: w parameters at a time are a row of the grid of all w-tuples of [lo, hi] (circuit::Grid), n^w <= 2^16. A tensor
// is cut along one axis in w equal parts; entry j of a tuple reads part j. Where the axis is no multiple of w the last parts
// read beyond the column, which gives 0: only where lo <= 0 <= hi.
// Exact: the rows of a grid are the w-tuples of [lo, hi] and nothing else, every parameter is an entry of some tuple, and
// different integers of a range below 2^33 are different elements of F. Nothing but multiplicities is committed.
// Verifiers list the rows of a grid of pairs and more, so these have n^w <= 2^16; single numbers are two lines, and have as many rows as pay.
// Wider ranges: limbs (Builder::add_interval_check), a committed number for each parameter and limb.
// Cost: one lookup leaf per w parameters, and the rows of a grid for each different (range, w).
#include <algorithm>
#include <map>
#include <utility>

#include "relations/builder.h"

namespace zkinfer::relations {

namespace {

// Tuples of more entries save little and make the verifier's functionals longer.
constexpr std::uint32_t kMaxWidth = 8;
constexpr int kMaxGridBits = 24;

struct Range {
  std::int64_t lo, hi;
  std::uint64_t size() const { return static_cast<std::uint64_t>(hi - lo) + 1; }
  friend auto operator<=>(const Range&, const Range&) = default;
};

struct Cut {
  std::size_t axis;
  std::uint64_t part;  // indices of the axis in each of the w parts
};

// The axis to cut in `width` parts: the longest that is a multiple of it, or else, where zeros are in range, the longest.
std::optional<Cut> cut_of(const Box& shape, const Range& range, std::uint32_t width) {
  std::optional<Cut> best;
  bool best_divides = false;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const std::uint64_t n = shape[axis];
    const bool divides = n % width == 0;
    if (n < width || (!divides && (range.lo > 0 || range.hi < 0))) continue;
    if (best && (best_divides > divides || (best_divides == divides && shape[best->axis] >= n))) continue;
    best = Cut{axis, (n + width - 1) / width};
    best_divides = divides;
  }
  return best;
}

// The leaves of all tensors of one range, w parameters at a time where that is possible.
std::uint64_t num_leaves(const std::vector<Box>& shapes, const Range& range, std::uint32_t width) {
  std::uint64_t leaves = 0;
  bool cut_some = false;
  bool left_some = false;
  for (const Box& shape : shapes) {
    const std::uint64_t size = circuit::box_size(shape);
    const auto cut = cut_of(shape, range, width);
    leaves += cut ? size / shape[cut->axis] * cut->part : size;
    (cut ? cut_some : left_some) = true;
  }
  if (cut_some) leaves += circuit::Table{.grid = circuit::Grid{range.lo, range.size(), width}}.num_rows();
  if (left_some) leaves += circuit::Table{.grid = circuit::Grid{range.lo, range.size(), 1}}.num_rows();
  return leaves;
}

std::uint32_t best_width(const std::vector<Box>& shapes, const Range& range) {
  std::uint32_t best = 1;
  std::uint64_t tuples = range.size();
  for (std::uint32_t width = 2; width <= kMaxWidth; ++width) {
    tuples *= range.size();
    if (tuples > std::uint64_t{1} << kMaxRangeBits) break;
    if (num_leaves(shapes, range, width) < num_leaves(shapes, range, best)) best = width;
  }
  return best;
}

// Part `index` of the column, over the box of a part.
LinExpr part_expr(const std::vector<circuit::Column>& columns, circuit::ColumnId id, const Cut& cut,
                  std::uint32_t index) {
  LinExpr expr = circuit::column_expr(columns[id], id);
  expr.views[0].axes[cut.axis].offset = static_cast<std::int64_t>(index * cut.part);
  return expr;
}

}  // namespace

Result<circuit::Circuit> Builder::build_certificate() && {
  std::map<Range, std::vector<Box>> shapes;
  const auto range_of = [&](qir::ValueId id) { return Range{value(id).lo, value(id).hi}; };
  for (qir::ValueId id = 0; id < graph_.values.size(); ++id) {
    if (value(id).kind == qir::ValueKind::kParam) shapes[range_of(id)].push_back(shape_only(value(id).shape).atoms);
  }
  std::map<Range, std::uint32_t> widths;
  for (const auto& [range, boxes] : shapes) {
    const int bits = circuit::axis_bits(range.size());
    const std::uint64_t count = num_leaves(boxes, range, 1) - (std::uint64_t{1} << bits);
    // By limbs from both ends, which add_interval_check does.
    const bool pays = bits <= kMaxGridBits && count * kLookupCost + (kRowCost << bits) < 2 * range_cost(count, bits);
    if (bits <= kMaxRangeBits || pays) widths[range] = best_width(boxes, range);
  }
  std::map<std::pair<Range, std::uint32_t>, std::uint32_t> grids;
  const auto grid_table = [&](const Range& range, std::uint32_t width) {
    const auto next = static_cast<std::uint32_t>(circuit_.tables.size());
    const auto [entry, is_new] = grids.try_emplace({range, width}, next);
    if (is_new) circuit_.tables.push_back({.grid = circuit::Grid{range.lo, range.size(), width}});
    return entry->second;
  };
  for (qir::ValueId id = 0; id < graph_.values.size(); ++id) {
    if (value(id).kind != qir::ValueKind::kParam) continue;
    const std::string& name = value(id).name;
    const Range range = range_of(id);
    // In the order of build(), so that the layout of M is the same.
    const circuit::ColumnId column = add_param_column(id, circuit::Oracle::kModel);
    Box box = columns()[column].shape;
    if (!widths.contains(range)) {
      add_interval_check(name, box, whole(column), range.lo, range.hi);
      continue;
    }
    std::uint32_t width = widths[range];
    const auto cut = width == 1 ? std::nullopt : cut_of(box, range, width);
    if (!cut) {
      add_lookup(name + " range", box, grid_table(range, 1), {whole(column)});
      continue;
    }
    std::vector<LinExpr> tuple;
    for (std::uint32_t index = 0; index < width; ++index) tuple.push_back(part_expr(columns(), column, *cut, index));
    box[cut->axis] = cut->part;
    add_lookup(name + " range", box, grid_table(range, width), std::move(tuple));
  }
  finish_tables();
  return std::move(circuit_);
}

}  // namespace zkinfer::relations
