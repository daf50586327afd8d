// SPDX-License-Identifier: Apache-2.0
#include "circuit/expr.h"

#include <algorithm>

#include "base/check.h"

namespace zkinfer::circuit {

namespace {

// Products of two bounded indices, and sums over boxes: exact in 128 bits.
__extension__ using Wide = __int128;

std::int64_t bounded(Wide x, bool& out_of_reach) {
  if (x <= kMaxStride && x >= -kMaxStride) return static_cast<std::int64_t>(x);
  out_of_reach = true;
  return 0;
}

}  // namespace

LinExpr scaled(LinExpr expr, Fp factor) {
  expr.constant *= factor;
  for (View& view : expr.views) view.coef *= factor;
  for (Slope& slope : expr.slopes) slope.coef *= factor;
  return expr;
}

LinExpr plus(LinExpr a, const LinExpr& b) {
  a.constant += b.constant;
  a.views.insert(a.views.end(), b.views.begin(), b.views.end());
  a.slopes.insert(a.slopes.end(), b.slopes.begin(), b.slopes.end());
  a.out_of_reach = a.out_of_reach || b.out_of_reach;
  return a;
}

LinExpr minus(const LinExpr& a, const LinExpr& b) { return plus(a, scaled(b, -1)); }

LinExpr plus_constant(LinExpr expr, std::int64_t constant) {
  expr.constant += Fp::from_int(constant);
  return expr;
}

LinExpr position(std::uint32_t first_axis, const Box& sizes) {
  LinExpr expr;
  Fp stride(1);
  for (std::size_t i = sizes.size(); i-- > 0;) {
    expr.slopes.push_back({first_axis + static_cast<std::uint32_t>(i), stride});
    stride *= Fp::reduce(sizes[i]);
  }
  return expr;
}

namespace {

// Adds `factor` times the index that `map` computes, summed over its own summed indices.
void add_index(const AxisMap& map, Fp factor, LinExpr& out) {
  Fp lengths(1);
  for (const SumTerm& sum : map.sums) lengths *= Fp::reduce(sum.length);
  out.constant += factor * lengths * Fp::from_int(map.offset);
  for (const AxisTerm& term : map.terms)
    out.slopes.push_back({term.box_axis, factor * lengths * Fp::from_int(term.stride)});
  for (const SumTerm& sum : map.sums) {
    // The mean of 0 .. length - 1, times all points of the sums.
    const Fp mean = (Fp::reduce(sum.length) - Fp(1)) * inverse(Fp(2));
    out.constant += factor * lengths * mean * Fp::from_int(sum.stride);
  }
}

}  // namespace

LinExpr rebase(const LinExpr& expr, const std::vector<AxisMap>& maps) {
  std::vector<Fp> sum_length(maps.size(), Fp(1));
  LinExpr out;
  out.constant = expr.constant;
  out.out_of_reach = expr.out_of_reach;
  for (std::size_t b = 0; b < maps.size(); ++b) {
    for (const SumTerm& sum : maps[b].sums) sum_length[b] *= Fp::reduce(sum.length);
    out.constant *= sum_length[b];
  }
  for (const Slope& slope : expr.slopes) {
    Fp factor = slope.coef;
    for (std::size_t b = 0; b < maps.size(); ++b) {
      if (b != slope.box_axis) factor *= sum_length[b];
    }
    add_index(maps[slope.box_axis], factor, out);
  }
  const auto times = [&](std::int64_t x, std::int64_t stride) { return bounded(Wide{x} * stride, out.out_of_reach); };
  for (const View& view : expr.views) {
    View rebased{view.column, view.coef, {}};
    std::vector<bool> used(maps.size(), false);
    for (const AxisMap& old_map : view.axes) {
      AxisMap map{old_map.offset, {}, old_map.sums};
      for (const AxisTerm& term : old_map.terms) {
        const AxisMap& with = maps[term.box_axis];
        used[term.box_axis] = true;
        map.offset = bounded(map.offset + Wide{with.offset} * term.stride, out.out_of_reach);
        for (const AxisTerm& inner : with.terms)
          map.terms.push_back({inner.box_axis, times(inner.stride, term.stride)});
        for (const SumTerm& sum : with.sums) map.sums.push_back({sum.length, times(sum.stride, term.stride)});
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

// The indices that a box axis takes.
struct Range {
  Wide first = 0;
  Wide last = 0;
};

void extend(Range& range, Wide stride, const Range& by) {
  range.first += stride * (stride < 0 ? by.last : by.first);
  range.last += stride * (stride < 0 ? by.first : by.last);
}

// Whether the view reads outside its column wherever box axis `beyond.axis` is in its extension and every other axis in its
// range.
bool reads_outside(const View& view, const Column& column, const std::vector<Range>& ranges, const Extension& beyond,
                   std::uint64_t length) {
  for (std::size_t j = 0; j < view.axes.size(); ++j) {
    const AxisMap& map = view.axes[j];
    Wide stride = 0;
    Range others{map.offset, map.offset};
    for (const AxisTerm& term : map.terms) {
      if (term.box_axis == beyond.axis) {
        stride += term.stride;
      } else {
        extend(others, term.stride, ranges[term.box_axis]);
      }
    }
    for (const SumTerm& sum : map.sums) extend(others, sum.stride, {0, static_cast<Wide>(sum.length) - 1});
    if (stride <= 0) continue;
    // The nearest positions are -1 and `length`; further ones read further out.
    const bool below = beyond.before == 0 || others.last - stride < 0;
    const bool above =
        beyond.after == 0 || others.first + stride * static_cast<Wide>(length) >= static_cast<Wide>(column.shape[j]);
    if (below && above) return true;
  }
  return false;
}

bool is_zero_extended(const View& view, const Column& column, const Box& box,
                      const std::vector<Extension>& extensions) {
  std::vector<Range> ranges;
  for (const std::uint64_t n : box) ranges.push_back({0, static_cast<Wide>(n) - 1});
  // Of a point outside the old box, let `extension` be the last of the list that it lies in: the axes before are anywhere in
  // their new ranges, those after it in the old ones.
  for (const Extension& extension : extensions) {
    if (extension.before == 0 && extension.after == 0) continue;
    if (!reads_outside(view, column, ranges, extension, box[extension.axis])) return false;
    ranges[extension.axis].first -= static_cast<Wide>(extension.before);
    ranges[extension.axis].last += static_cast<Wide>(extension.after);
  }
  return true;
}

}  // namespace

bool is_zero_extended(const LinExpr& expr, const std::vector<Column>& columns, const Box& box,
                      const std::vector<Extension>& extensions) {
  const bool extends =
      std::any_of(extensions.begin(), extensions.end(), [](const Extension& e) { return e.before > 0 || e.after > 0; });
  if (!extends) return true;
  if (!expr.constant.is_zero() || !expr.slopes.empty() || expr.out_of_reach) return false;
  return std::all_of(expr.views.begin(), expr.views.end(),
                     [&](const View& view) { return is_zero_extended(view, columns[view.column], box, extensions); });
}

bool indices_fit(const LinExpr& expr, const Box& box) {
  if (expr.out_of_reach) return false;
  for (const View& view : expr.views) {
    for (const AxisMap& map : view.axes) {
      Wide most = map.offset < 0 ? -map.offset : map.offset;
      // With one step more than there are: loops may go one past the end.
      for (const AxisTerm& term : map.terms)
        most += Wide{term.stride < 0 ? -term.stride : term.stride} * static_cast<Wide>(box[term.box_axis]);
      for (const SumTerm& sum : map.sums)
        most += Wide{sum.stride < 0 ? -sum.stride : sum.stride} * static_cast<Wide>(sum.length);
      if (most > kMaxIndex) return false;
    }
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
  std::uint64_t bytes = expr.slopes.size() * sizeof(Slope);
  for (const View& view : expr.views) {
    bytes += sizeof(View) + kHeap;
    for (const AxisMap& map : view.axes) {
      bytes += sizeof(AxisMap) + map.terms.size() * sizeof(AxisTerm) + map.sums.size() * sizeof(SumTerm) + 2 * kHeap;
    }
  }
  return bytes;
}

}  // namespace zkinfer::circuit
