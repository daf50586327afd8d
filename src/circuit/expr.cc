// SPDX-License-Identifier: Apache-2.0
#include "circuit/expr.h"

#include <algorithm>

#include "base/check.h"

namespace zkinfer::circuit {

LinExpr scaled(LinExpr expr, std::int64_t factor) {
  expr.constant *= factor;
  for (View& view : expr.views) view.coef *= factor;
  return expr;
}

LinExpr plus(LinExpr a, const LinExpr& b) {
  a.constant += b.constant;
  a.views.insert(a.views.end(), b.views.begin(), b.views.end());
  return a;
}

LinExpr minus(const LinExpr& a, const LinExpr& b) { return plus(a, scaled(b, -1)); }

LinExpr plus_constant(LinExpr expr, std::int64_t constant) {
  expr.constant += constant;
  return expr;
}

LinExpr rebase(const LinExpr& expr, const std::vector<AxisMap>& maps) {
  std::vector<std::int64_t> sum_length(maps.size(), 1);
  LinExpr out;
  out.constant = expr.constant;
  for (std::size_t b = 0; b < maps.size(); ++b) {
    for (const SumTerm& sum : maps[b].sums) sum_length[b] *= static_cast<std::int64_t>(sum.length);
    out.constant *= sum_length[b];
  }
  for (const View& view : expr.views) {
    View rebased{view.column, view.coef, {}};
    std::vector<bool> used(maps.size(), false);
    for (const AxisMap& old_map : view.axes) {
      AxisMap map{old_map.offset, {}, old_map.sums};
      for (const AxisTerm& term : old_map.terms) {
        const AxisMap& with = maps[term.box_axis];
        used[term.box_axis] = true;
        map.offset += with.offset * term.stride;
        for (const AxisTerm& inner : with.terms) map.terms.push_back({inner.box_axis, inner.stride * term.stride});
        for (const SumTerm& sum : with.sums) map.sums.push_back({sum.length, sum.stride * term.stride});
      }
      rebased.axes.push_back(std::move(map));
    }
    for (std::size_t b = 0; b < maps.size(); ++b) {
      if (!used[b]) rebased.coef *= sum_length[b];
    }
    out.views.push_back(std::move(rebased));
  }
  return out;
}

namespace {

// Smallest and largest value of the map's index without box axis `axis`.
std::pair<std::int64_t, std::int64_t> range_without(const AxisMap& map, const Box& box, std::uint32_t axis) {
  std::int64_t lo = map.offset;
  std::int64_t hi = map.offset;
  const auto extend = [&](std::int64_t reach) { (reach < 0 ? lo : hi) += reach; };
  for (const AxisTerm& term : map.terms) {
    if (term.box_axis != axis) extend(term.stride * (static_cast<std::int64_t>(box[term.box_axis]) - 1));
  }
  for (const SumTerm& sum : map.sums) extend(sum.stride * (static_cast<std::int64_t>(sum.length) - 1));
  return {lo, hi};
}

}  // namespace

bool is_zero_extended(const LinExpr& expr, const std::vector<Column>& columns, const Box& box, std::uint32_t axis,
                      std::uint64_t before, std::uint64_t after) {
  if (before == 0 && after == 0) return true;
  if (expr.constant != 0) return false;
  for (const View& view : expr.views) {
    bool outside = false;
    for (std::size_t j = 0; j < view.axes.size() && !outside; ++j) {
      const AxisMap& map = view.axes[j];
      const auto size = static_cast<std::int64_t>(columns[view.column].shape[j]);
      const auto [lo, hi] = range_without(map, box, axis);
      for (const AxisTerm& term : map.terms) {
        if (term.box_axis != axis || term.stride <= 0) continue;
        // The nearest outside positions are i = -1 and i = box[axis]; further ones read further out.
        const bool below = before == 0 || hi - term.stride < 0;
        const bool above = after == 0 || lo + term.stride * static_cast<std::int64_t>(box[axis]) >= size;
        outside = below && above;
      }
    }
    if (!outside) return false;
  }
  return true;
}

LinExpr column_expr(const Column& column, ColumnId id) {
  View view;
  view.column = id;
  for (std::uint32_t axis = 0; axis < column.shape.size(); ++axis) view.axes.push_back({0, {{axis, 1}}, {}});
  LinExpr expr;
  expr.views.push_back(std::move(view));
  return expr;
}

std::uint64_t num_bytes(const LinExpr& expr) {
  constexpr std::uint64_t kHeap = 16;  // per allocation
  std::uint64_t bytes = 0;
  for (const View& view : expr.views) {
    bytes += sizeof(View) + kHeap;
    for (const AxisMap& map : view.axes) {
      bytes += sizeof(AxisMap) + map.terms.size() * sizeof(AxisTerm) + map.sums.size() * sizeof(SumTerm) + 2 * kHeap;
    }
  }
  return bytes;
}

}  // namespace zkinfer::circuit
