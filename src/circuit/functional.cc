// SPDX-License-Identifier: Apache-2.0
#include "circuit/functional.h"

#include <algorithm>
#include <map>

#include "base/check.h"

namespace zkinfer::circuit {

std::vector<Fe> eq_vector(std::span<const Fe> point, std::uint64_t size) {
  std::vector<Fe> table(std::size_t{1} << point.size());
  table[0] = Fe::one();
  std::size_t filled = 1;
  for (const Fe& r : point) {
    // One more, lower bit: entry i splits in 2 i and 2 i + 1.
    for (std::size_t i = filled; i-- > 0;) {
      const Fe high = table[i] * r;
      table[2 * i] = table[i] - high;
      table[2 * i + 1] = high;
    }
    filled *= 2;
  }
  ZKI_CHECK(size <= table.size(), "an axis fits its index bits");
  table.resize(size);
  return table;
}

namespace {

struct Factor {
  const std::vector<Fe>* weights;  // null for a summed index: all ones
  std::uint64_t length;
  std::int64_t stride;
};

// out[idx] = sum over all index combinations with idx = offset + sum stride i of prod weights.
std::vector<Fe> correlate(const AxisMap& map, std::uint64_t size, const std::vector<std::vector<Fe>>& axis_vectors) {
  std::vector<Factor> factors;
  for (const AxisTerm& term : map.terms) {
    factors.push_back({&axis_vectors[term.box_axis], axis_vectors[term.box_axis].size(), term.stride});
  }
  for (const SumTerm& sum : map.sums) factors.push_back({nullptr, sum.length, sum.stride});
  std::vector<Fe> out(size);
  const auto add = [&](auto& self, std::size_t f, std::int64_t index, const Fe& weight) -> void {
    if (f == factors.size()) {
      if (index >= 0 && index < static_cast<std::int64_t>(size)) out[static_cast<std::size_t>(index)] += weight;
      return;
    }
    const Factor& factor = factors[f];
    for (std::uint64_t i = 0; i < factor.length; ++i) {
      self(self, f + 1, index + factor.stride * static_cast<std::int64_t>(i),
           factor.weights == nullptr ? weight : (f == 0 ? (*factor.weights)[i] : weight * (*factor.weights)[i]));
    }
  };
  add(add, 0, map.offset, Fe::one());
  return out;
}

}  // namespace

namespace {

// Everything that decides a view's vectors but for column axis `merged` (-1: all of it).
std::vector<std::int64_t> view_key(const View& view, int merged) {
  std::vector<std::int64_t> key = {view.column};
  for (std::size_t j = 0; j < view.axes.size(); ++j) {
    if (static_cast<int>(j) == merged) continue;
    const AxisMap& map = view.axes[j];
    key.insert(key.end(),
               {map.offset, static_cast<std::int64_t>(map.terms.size()), static_cast<std::int64_t>(map.sums.size())});
    for (const AxisTerm& t : map.terms) key.insert(key.end(), {t.box_axis, t.stride});
    for (const SumTerm& t : map.sums) key.insert(key.end(), {static_cast<std::int64_t>(t.length), t.stride});
  }
  return key;
}

using ViewGroups = std::vector<std::vector<const View*>>;

ViewGroups group_views(const LinExpr& expr, int merged) {
  std::map<std::vector<std::int64_t>, std::size_t> index;
  ViewGroups groups;
  for (const View& view : expr.views) {
    const auto [entry, is_new] = index.try_emplace(view_key(view, merged), groups.size());
    if (is_new) groups.emplace_back();
    groups[entry->second].push_back(&view);
  }
  return groups;
}

// Views that read a column alike but for one axis give one term, whose vectors on that axis add up; the axis is the one that
// leaves the fewest terms. Keys of lookups that are made of many bits of a word need it.
ViewGroups merged_views(const LinExpr& expr, int& merged) {
  merged = 0;
  if (expr.views.size() == 1) return {{&expr.views[0]}};
  std::size_t rank = 0;
  for (const View& view : expr.views) rank = std::max(rank, view.axes.size());
  ViewGroups best = group_views(expr, 0);
  for (int axis = 1; axis < static_cast<int>(rank); ++axis) {
    ViewGroups groups = group_views(expr, axis);
    if (groups.size() >= best.size()) continue;
    best = std::move(groups);
    merged = axis;
  }
  return best;
}

// sum_idx (prod_axis vectors[axis][idx_axis]) values[idx].
Fe weighted_sum(const std::vector<std::vector<Fe>>& vectors, const std::vector<std::int64_t>& values) {
  std::vector<Fe> sums;
  for (const std::int64_t x : values) sums.emplace_back(Fp::from_int(x));
  for (std::size_t axis = vectors.size(); axis-- > 0;) {
    const std::vector<Fe>& vector = vectors[axis];
    std::vector<Fe> next(sums.size() / vector.size());
    for (std::size_t i = 0; i < sums.size(); ++i) next[i / vector.size()] += vector[i % vector.size()] * sums[i];
    sums = std::move(next);
  }
  return sums[0];
}

}  // namespace

ExprFunctional functional_of(const LinExpr& expr, const std::vector<Column>& columns, const Box& box,
                             const std::vector<std::vector<Fe>>& axis_vectors) {
  ZKI_CHECK_EQ(box.size(), axis_vectors.size(), "one vector per box axis");
  std::vector<Fe> totals;
  Fe all = Fe::one();
  for (std::size_t b = 0; b < box.size(); ++b) {
    ZKI_CHECK_EQ(box[b], axis_vectors[b].size(), "an axis vector has the axis' length");
    Fe total;
    for (const Fe& x : axis_vectors[b]) total += x;
    totals.push_back(total);
    all *= total;
  }
  ExprFunctional out;
  out.constant = all * Fp::from_int(expr.constant);
  // The view's integer times the totals of the box axes that it does not read.
  const auto factor_of = [&](const View& view) {
    Fe factor(Fp::from_int(view.coef));
    std::vector<bool> used(box.size(), false);
    for (const AxisMap& map : view.axes) {
      for (const AxisTerm& t : map.terms) used[t.box_axis] = true;
    }
    for (std::size_t b = 0; b < box.size(); ++b) {
      if (!used[b]) factor *= totals[b];
    }
    return factor;
  };
  int merged = 0;
  for (const std::vector<const View*>& group : merged_views(expr, merged)) {
    const View& first = *group[0];
    const Column& column = columns[first.column];
    Term term;
    term.column = first.column;
    term.coef = factor_of(first);
    for (std::size_t j = 0; j < first.axes.size(); ++j) {
      term.vectors.push_back(correlate(first.axes[j], column.shape[j], axis_vectors));
    }
    const auto axis = static_cast<std::size_t>(merged);
    if (group.size() > 1 && axis >= first.axes.size()) {
      for (std::size_t v = 1; v < group.size(); ++v) term.coef += factor_of(*group[v]);
    } else if (group.size() > 1) {
      std::vector<Fe>& sum = term.vectors[axis];
      for (Fe& x : sum) x *= term.coef;
      term.coef = Fe::one();
      for (std::size_t v = 1; v < group.size(); ++v) {
        const Fe factor = factor_of(*group[v]);
        const std::vector<Fe> vector = correlate(group[v]->axes[axis], column.shape[axis], axis_vectors);
        for (std::size_t i = 0; i < sum.size(); ++i) {
          if (!vector[i].is_zero()) sum[i] += factor * vector[i];
        }
      }
    }
    if (column.oracle == Oracle::kConstant) {
      out.constant += term.coef * weighted_sum(term.vectors, column.constants);
    } else {
      out.terms.push_back(std::move(term));
    }
  }
  return out;
}

Functional::Functional(const Layout& layout, std::vector<Term> terms) : layout_(layout), terms_(std::move(terms)) {
  terms_of_column_.resize(layout.columns.size());
  for (std::uint32_t i = 0; i < terms_.size(); ++i) {
    terms_of_column_[terms_[i].column].push_back(i);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> support;
    for (const std::vector<Fe>& vector : terms_[i].vectors) {
      std::uint64_t first = 0;
      std::uint64_t last = vector.size();
      while (first < last && vector[first].is_zero()) ++first;
      while (last > first && vector[last - 1].is_zero()) --last;
      support.emplace_back(first, last);
    }
    supports_.push_back(std::move(support));
  }
}

bool Functional::misses(std::uint32_t term_index, const Block& block) const {
  const auto& support = supports_[term_index];
  for (std::size_t axis = 0; axis < support.size(); ++axis) {
    const AxisPiece& piece = block.pieces[axis];
    if (support[axis].first >= piece.begin + piece.length || support[axis].second <= piece.begin) return true;
  }
  return false;
}

void Functional::add_lane(std::size_t lane, FeSpan out) const {
  FeVec scratch;
  for (const auto& [column, block_index] : layout_.lanes[lane]) {
    const ColumnLayout& placed_column = layout_.columns[column];
    const PlacedBlock& placed = placed_column.blocks[block_index];
    for (const std::uint32_t term_index : terms_of_column_[column]) {
      if (misses(term_index, placed.block)) continue;
      const Term& term = terms_[term_index];
      const std::vector<std::uint32_t>& order = placed_column.order;
      if (order.empty()) {
        out.set(placed.row, out.get(placed.row) + term.coef);
        continue;
      }
      const AxisPiece& inner = placed.block.pieces[order.back()];
      scratch.resize(inner.length);
      const std::vector<Fe>& inner_vector = term.vectors[order.back()];
      for (std::uint64_t i = 0; i < inner.length; ++i) scratch.set(i, inner_vector[inner.begin + i]);
      const auto visit = [&](auto& self, std::size_t level, std::uint64_t row, const Fe& weight) -> void {
        if (level + 1 == order.size()) {
          if (!weight.is_zero()) {
            vec::axpy(weight, scratch.subspan(0, inner.length), out.subspan(row << inner.bits, inner.length));
          }
          return;
        }
        const AxisPiece& piece = placed.block.pieces[order[level]];
        const std::vector<Fe>& vector = term.vectors[order[level]];
        for (std::uint64_t i = 0; i < piece.length; ++i) {
          self(self, level + 1, (row << piece.bits) + i, weight * vector[piece.begin + i]);
        }
      };
      visit(visit, 0, placed.row >> placed.block.log_size(), term.coef);
    }
  }
}

}  // namespace zkinfer::circuit
