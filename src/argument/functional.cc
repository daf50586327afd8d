// SPDX-License-Identifier: Apache-2.0
#include "argument/functional.h"

#include <algorithm>
#include <numeric>

#include "argument/eq_moments.h"
#include "base/check.h"
#include "field/eq.h"

namespace zkinfer::argument {

AxisWeights::AxisWeights(std::uint64_t begin, std::vector<Fe> values)
    : begin_(begin), length_(values.size()), values_(std::move(values)) {}

const std::vector<Fe>& AxisWeights::values() const {
  if (values_.size() != length_) values_ = eq_vector(point_, length_);
  return values_;
}

Fe AxisWeights::total() const {
  if (!total_)
    total_ = is_eq_ ? EqMoments(point_).below(length_).weight : std::accumulate(values_.begin(), values_.end(), Fe());
  return *total_;
}

Fe AxisWeights::moment() const {
  if (is_eq_) {
    const EqMoments::Moments moments = EqMoments(point_).below(length_);
    return moments.first + moments.weight * Fp::reduce(begin_);
  }
  // From behind, every value is added once per index that it is beyond `begin`.
  Fe sum, behind;
  for (std::size_t i = values_.size(); i-- > 1;) {
    behind += values_[i];
    sum += behind;
  }
  return sum + total() * Fp::reduce(begin_);
}

Vector list_vector(std::vector<Fe> values) { return std::make_shared<const AxisWeights>(0, std::move(values)); }

Vector eq_vector_of(std::span<const Fe> point, std::uint64_t length, std::uint64_t begin) {
  return std::make_shared<const AxisWeights>(begin, point, length);
}

Vector limb_vector() { return list_vector({Fe::basis(0), Fe::basis(1), Fe::basis(2)}); }

namespace {

struct Factor {
  const std::vector<Fe>* weights;  // null for a summed index: all ones
  std::uint64_t length;
  std::int64_t stride;
};

// out[idx] += factor * sum over all index combinations with idx = offset + sum stride i of prod weights.
void correlate(const circuit::AxisMap& map, const BoxWeights& weights, const Fe& factor, std::vector<Fe>& out) {
  std::vector<Factor> factors;
  std::int64_t offset = map.offset;
  for (const circuit::AxisTerm& term : map.terms) {
    const AxisWeights& axis = *weights[term.box_axis];
    factors.push_back({&axis.values(), axis.values().size(), term.stride});
    offset += term.stride * static_cast<std::int64_t>(axis.begin());
  }
  for (const circuit::SumTerm& sum : map.sums) {
    factors.push_back({nullptr, sum.length, sum.stride});
  }
  const auto size = static_cast<std::int64_t>(out.size());
  const bool is_one = factor == Fe::one();  // as it mostly is
  const auto add = [&](auto& self, std::size_t f, std::int64_t index, const Fe& weight) -> void {
    if (f == factors.size()) {
      if (index >= 0 && index < size) out[static_cast<std::size_t>(index)] += weight;
      return;
    }
    const Factor& at = factors[f];
    for (std::uint64_t i = 0; i < at.length; ++i) {
      const std::int64_t next = index + at.stride * static_cast<std::int64_t>(i);
      if (at.weights == nullptr) {
        self(self, f + 1, next, weight);
      } else {
        self(self, f + 1, next, f == 0 && is_one ? (*at.weights)[i] : weight * (*at.weights)[i]);
      }
    }
  };
  add(add, 0, offset, factor);
}

// Everything that decides a view's vectors but for column axis `merged`.
std::vector<std::int64_t> view_key(const circuit::View& view, std::size_t merged) {
  std::vector<std::int64_t> key = {view.column};
  for (std::size_t j = 0; j < view.axes.size(); ++j) {
    if (j == merged) continue;
    const circuit::AxisMap& map = view.axes[j];
    key.insert(key.end(),
               {map.offset, static_cast<std::int64_t>(map.terms.size()), static_cast<std::int64_t>(map.sums.size())});
    for (const circuit::AxisTerm& t : map.terms) key.insert(key.end(), {t.box_axis, t.stride});
    for (const circuit::SumTerm& t : map.sums) key.insert(key.end(), {static_cast<std::int64_t>(t.length), t.stride});
  }
  return key;
}

std::vector<std::vector<const circuit::View*>> group_by(const circuit::LinExpr& expr, std::size_t merged) {
  std::map<std::vector<std::int64_t>, std::size_t> index;
  std::vector<std::vector<const circuit::View*>> groups;
  for (const circuit::View& view : expr.views) {
    const auto [entry, is_new] = index.try_emplace(view_key(view, merged), groups.size());
    if (is_new) groups.emplace_back();
    groups[entry->second].push_back(&view);
  }
  return groups;
}

// sum_idx (prod_axis vectors[axis][idx_axis]) values[idx].
Fe weighted_sum(const std::vector<Vector>& vectors, const std::vector<std::uint64_t>& shape,
                const std::vector<std::int64_t>& values) {
  std::vector<Fe> sums;
  for (const std::int64_t x : values) sums.emplace_back(Fp::from_int(x));
  for (std::size_t axis = vectors.size(); axis-- > 0;) {
    const std::size_t length = shape[axis];
    std::vector<Fe> next(sums.size() / length);
    for (std::size_t i = 0; i < sums.size(); ++i) next[i / length] += vectors[axis]->at(i % length) * sums[i];
    sums = std::move(next);
  }
  return sums[0];
}

std::vector<bool> axes_read(const circuit::View& view, std::size_t box_rank) {
  std::vector<bool> read(box_rank, false);
  for (const circuit::AxisMap& map : view.axes) {
    for (const circuit::AxisTerm& t : map.terms) read[t.box_axis] = true;
  }
  return read;
}

std::vector<std::uint32_t> axes_where(const std::vector<bool>& chosen, bool value) {
  std::vector<std::uint32_t> out;
  for (std::uint32_t b = 0; b < chosen.size(); ++b) {
    if (chosen[b] == value) out.push_back(b);
  }
  return out;
}

ViewGroup describe_group(std::vector<const circuit::View*> views, std::size_t merged, std::size_t box_rank) {
  ViewGroup group;
  const std::size_t rank = views[0]->axes.size();
  group.merges = views.size() > 1 && merged < rank;
  // Box axes that some view reads, and those that some view does not.
  std::vector<bool> some(box_rank, false), not_all(box_rank, false);
  for (const circuit::View* view : views) {
    const std::vector<bool> read = axes_read(*view, box_rank);
    for (std::size_t b = 0; b < box_rank; ++b) (read[b] ? some : not_all)[b] = true;
  }
  group.broadcast = axes_where(some, false);
  for (std::size_t axis = 0; axis < rank; ++axis) {
    std::vector<bool> depends(box_rank, false);
    for (const circuit::View* view : views) {
      for (const circuit::AxisTerm& t : view->axes[axis].terms) depends[t.box_axis] = true;
    }
    // Each view's own factor stands in the merged vector.
    for (std::size_t b = 0; b < box_rank && group.merges && axis == merged; ++b)
      depends[b] = depends[b] || (some[b] && not_all[b]);
    group.depends.push_back(axes_where(depends, true));
  }
  group.views = std::move(views);
  return group;
}

}  // namespace

ViewGroups group_views(const circuit::LinExpr& expr, std::size_t box_rank) {
  ViewGroups out;
  auto best = group_by(expr, 0);
  std::size_t rank = 0;
  for (const circuit::View& view : expr.views) rank = std::max(rank, view.axes.size());
  for (std::size_t axis = 1; axis < rank && best.size() > 1; ++axis) {
    auto groups = group_by(expr, axis);
    if (groups.size() >= best.size()) continue;
    out.merged = axis;
    best = std::move(groups);
  }
  for (auto& views : best) out.groups.push_back(describe_group(std::move(views), out.merged, box_rank));
  return out;
}

std::optional<std::uint32_t> same_axis(const ViewGroups& grouped, const ViewGroup& group, std::size_t axis) {
  if (group.views.size() > 1 && axis == grouped.merged) return std::nullopt;
  const circuit::AxisMap& map = group.views[0]->axes[axis];
  if (map.offset != 0 || !map.sums.empty() || map.terms.size() != 1 || map.terms[0].stride != 1) return std::nullopt;
  return map.terms[0].box_axis;
}

ExprFunctionals::ExprFunctionals(const circuit::LinExpr& expr, const std::vector<circuit::Column>& columns,
                                 std::size_t box_rank)
    : expr_(expr), columns_(columns), grouped_(group_views(expr, box_rank)) {
  for (const ViewGroup& group : grouped_.groups) vectors_.emplace_back(group.depends.size());
}

namespace {

// The view's integer times the totals of the box axes that it does not read, but for those in `left_out`.
Fe factor_of(const circuit::View& view, const BoxWeights& weights, const std::vector<std::uint32_t>& left_out) {
  Fe factor(view.coef);
  const std::vector<bool> read = axes_read(view, weights.size());
  for (std::uint32_t b = 0; b < weights.size(); ++b) {
    if (!read[b] && !std::binary_search(left_out.begin(), left_out.end(), b)) factor *= weights[b]->total();
  }
  return factor;
}

}  // namespace

Vector ExprFunctionals::vector_of(std::size_t group_index, std::size_t axis, const BoxWeights& weights) {
  const ViewGroup& group = grouped_.groups[group_index];
  const std::size_t length = columns_[group.views[0]->column].shape[axis];
  const bool merged = axis == grouped_.merged && group.views.size() > 1;
  std::vector<const AxisWeights*> key;
  for (const std::uint32_t b : group.depends[axis]) key.push_back(weights[b].get());
  if (const std::optional<std::uint32_t> same = same_axis(grouped_, group, axis);
      same && weights[*same]->end() <= length) {
    return weights[*same];
  }
  Vector& known = vectors_[group_index][axis][key];
  if (known != nullptr) return known;
  std::vector<Fe> vector(length);
  if (!merged) {
    correlate(group.views[0]->axes[axis], weights, Fe::one(), vector);
  } else {
    for (const circuit::View* view : group.views) {
      correlate(view->axes[axis], weights, factor_of(*view, weights, group.broadcast), vector);
    }
  }
  return known = list_vector(std::move(vector));
}

ExprFunctional ExprFunctionals::at(const BoxWeights& weights) {
  ExprFunctional out;
  out.constant = Fe(expr_.constant);
  for (const auto& axis : weights) out.constant *= axis->total();
  for (const circuit::Slope& slope : expr_.slopes) {
    Fe value = weights[slope.box_axis]->moment() * slope.coef;
    for (std::size_t b = 0; b < weights.size(); ++b) {
      if (b != slope.box_axis) value *= weights[b]->total();
    }
    out.constant += value;
  }
  for (std::size_t i = 0; i < grouped_.groups.size(); ++i) {
    const ViewGroup& group = grouped_.groups[i];
    const circuit::Column& column = columns_[group.views[0]->column];
    Term term;
    term.column = group.views[0]->column;
    if (group.merges) {
      for (const std::uint32_t b : group.broadcast) term.coef *= weights[b]->total();
    } else {
      // Several views of one column element: their integers add up.
      term.coef = Fe();
      for (const circuit::View* view : group.views) term.coef += factor_of(*view, weights, {});
    }
    for (std::size_t axis = 0; axis < group.depends.size(); ++axis) term.vectors.push_back(vector_of(i, axis, weights));
    if (column.oracle == circuit::Oracle::kConstant) {
      out.constant += term.coef * weighted_sum(term.vectors, column.shape, column.constants);
    } else {
      out.terms.push_back(std::move(term));
    }
  }
  return out;
}

}  // namespace zkinfer::argument
