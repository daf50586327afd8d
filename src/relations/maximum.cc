// SPDX-License-Identifier: Apache-2.0
// MaxPool, ReduceMax:  max(u, v) = v + max(0, u - v). An axis of length k is halved: u the first floor(k/2) entries, v the rest,
// the last of which is alone where k is odd: there the column of positive parts has ended and reads 0. So k - 1 positive parts
// are committed, and nothing else; the maximum itself is an expression.
//   d = u - v, y = max(0, d): (d, y) in a table; or, where that table costs more, y and y - d non-negative with
//   y (y - d) = 0: one of them is 0, so y = 0 and d <= 0, or y = d >= 0. With |d| and both ranges below 2^62 nothing wraps.
#include <algorithm>

#include "relations/builder.h"

namespace zkinfer::relations {

LinExpr Builder::positive_part(const std::string& name, const Box& box, const LinExpr& expr, std::int64_t reach,
                               std::uint64_t of_a_row) {
  const std::uint64_t num_elements = num_rows_ * of_a_row;
  const LinExpr y = add_witness(name, box);
  recipes().positive_part(column_of(y), expr, box);
  const int bits = circuit::axis_bits(static_cast<std::uint64_t>(reach) + 1);
  // A table that has every |x| <= reach and is exact on its whole domain.
  const auto known = positive_part_tables_.lower_bound(reach);
  std::uint64_t rows = bits < qir::kMaxListedBits ? std::uint64_t{2} << bits : kNever / kRowCost;
  if (known != positive_part_tables_.end()) rows = 0;
  const std::uint64_t cut = 2 * range_cost(num_elements, bits) + kContractionCost * num_elements;
  if (bits < kUncutBits || kLookupCost * num_elements + kRowCost * rows <= cut) {
    const std::int64_t half = std::int64_t{1} << bits;
    const std::uint32_t table = known != positive_part_tables_.end()
                                    ? known->second
                                    : clamp_table(circuit::Table::Form::kValues, -half, bits + 1, 0, half);
    add_lookup(name, box, table, {expr, y});
    return y;
  }
  const LinExpr negative = circuit::minus(y, expr);
  add_range_check(name + " value", box, y, bits);
  add_range_check(name + " rest", box, negative, bits);
  add_contraction({name, box, std::vector<circuit::AxisRole>(box.size(), circuit::AxisRole::kC), {}, y, negative});
  return y;
}

LinExpr Builder::maximum_along(const std::string& name, LinExpr expr, Box& box, std::uint32_t axis,
                               std::int64_t reach) {
  std::uint64_t num_elements = box[axis] - 1;
  for (std::uint32_t b = 0; b < box.size(); ++b) num_elements *= b == axis ? 1 : box[b];
  const std::vector<AxisMap> identity = identity_maps(box);
  while (box[axis] > 1) {
    const std::uint64_t half = box[axis] / 2;
    std::vector<AxisMap> last = identity;
    last[axis].offset = static_cast<std::int64_t>(half);
    const LinExpr v = circuit::rebase(expr, last);
    Box pairs = box;
    pairs[axis] = half;
    expr = circuit::plus(v, positive_part(name + " maximum", pairs, circuit::minus(expr, v), reach, num_elements));
    box[axis] -= half;
  }
  return expr;
}

namespace {

// Without box axis `axis`, whose length is 1.
LinExpr drop_axis(const LinExpr& expr, Box& box, std::uint32_t axis) {
  box.erase(box.begin() + axis);
  std::vector<AxisMap> maps = identity_maps(box);
  maps.insert(maps.begin() + axis, AxisMap{});
  return circuit::rebase(expr, maps);
}

// The input of a MaxPool over whose windows the maximum is taken, and how far values under one window can be apart.
struct PoolInput {
  Tensor x;
  std::int64_t added = 0;  // to every maximum of x
  std::int64_t reach = 0;
};

// Padding must lose against every real cell, so cells must be >= 0 where padding reads 0: they are lowered by the least
// that they may be.
PoolInput pool_input(Builder& builder, const qir::Node& node) {
  const qir::ValueId id = node.inputs[0];
  const std::vector<AxisPadding> paddings =
      window_paddings(node, builder.value(id).shape, builder.value(node.output).shape);
  const bool padded =
      std::any_of(paddings.begin(), paddings.end(), [](const AxisPadding& p) { return p.before > 0 || p.after > 0; });
  PoolInput out{builder.tensor(id), 0, builder.honest_reach(id)};
  if (padded) {
    out.added = static_cast<std::int64_t>(std::min<qir::Wide>(builder.sound_range(id).lo, 0));
    // The highest cell against padding, which is 0 where real cells begin at lo - added >= 0.
    out.reach = std::max(out.reach, static_cast<std::int64_t>(builder.honest_range(id).hi - out.added));
  }
  const std::string name = node.name + " input";
  if (out.added != 0) {
    out.x.expr = circuit::plus_constant(out.x.expr, -out.added);
    out.x = builder.materialize(name, out.x, false);
  }
  out.x = builder.zero_extended(name, out.x, paddings);
  return out;
}

}  // namespace

Result<Tensor> build_max_pool(Builder& builder, std::uint32_t index) {
  const qir::Node& node = builder.graph().nodes[index];
  const Shape& out = builder.value(node.output).shape;
  const auto [x, added, reach] = pool_input(builder, node);
  Tensor y;
  std::vector<AxisMap> maps;
  for (std::size_t axis = 0; axis < 2; ++axis) y.add_axis(x.axis_atoms(axis), maps);
  const auto first_position = static_cast<std::uint32_t>(y.atoms.size());
  const auto spatial = static_cast<std::uint32_t>(node.kernel.size());
  Box box = y.atoms;
  for (std::uint32_t s = 0; s < spatial; ++s) {
    box.push_back(static_cast<std::uint64_t>(out[s + 2]));
    y.atoms.push_back(box.back());
    y.atoms_per_axis.push_back(1);
    maps.push_back({-node.pads_begin[s],
                    {{first_position + s, node.strides[s]}, {first_position + spatial + s, node.dilations[s]}},
                    {}});
  }
  for (const std::int64_t k : node.kernel) box.push_back(static_cast<std::uint64_t>(k));
  LinExpr expr = rebased(x, maps);
  for (std::uint32_t s = spatial; s-- > 0;) {
    const std::uint32_t tap = first_position + spatial + s;
    expr = builder.maximum_along(node.name, std::move(expr), box, tap, reach);
    expr = drop_axis(expr, box, tap);
  }
  y.expr = circuit::plus_constant(std::move(expr), added);
  return without_unit_atoms(y);
}

Result<Tensor> build_reduce_max(Builder& builder, std::uint32_t index) {
  const qir::Node& node = builder.graph().nodes[index];
  const Tensor x = without_unit_atoms(builder.tensor(node.inputs[0]));
  const bool keep = builder.value(node.output).shape.rank() == x.atoms_per_axis.size();
  Box box = x.atoms;
  LinExpr expr = x.expr;
  Tensor y;
  std::vector<std::uint32_t> reduced;
  for (std::size_t axis = 0; axis < x.atoms_per_axis.size(); ++axis) {
    const Box atoms = x.axis_atoms(axis);
    const bool is_reduced =
        std::find(node.axes.begin(), node.axes.end(), static_cast<std::int64_t>(axis)) != node.axes.end();
    if (is_reduced) {
      for (std::uint32_t i = 0; i < atoms.size(); ++i) reduced.push_back(x.first_atom(axis) + i);
      if (keep) y.atoms_per_axis.push_back(0);
    } else {
      y.atoms.insert(y.atoms.end(), atoms.begin(), atoms.end());
      y.atoms_per_axis.push_back(static_cast<std::uint32_t>(atoms.size()));
    }
  }
  const std::int64_t reach = builder.honest_reach(node.inputs[0]);
  for (std::size_t i = reduced.size(); i-- > 0;) {
    expr = builder.maximum_along(node.name, std::move(expr), box, reduced[i], reach);
    expr = drop_axis(expr, box, reduced[i]);
  }
  y.expr = std::move(expr);
  return y;
}

}  // namespace zkinfer::relations
