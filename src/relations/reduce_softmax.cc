// SPDX-License-Identifier: Apache-2.0
// Softmax along an axis: m = max x, committed; d_i = x_i - m, e_i = T[max(d_i, first)], T's arguments ending with 0. Committed are w_i = [d_i = 0] and,
// where honest values go below the table, u_i: its first 2^c arguments have one value.
//   (t_i, w_i, e_i) is a row (t, [t = 0], T[t]), t_i = d_i + 2^c u_i, u_i >= 0      t_i <= 0, so x_i <= m
//   u_i (e_i - T[first]) = 0      where u_i > 0: T[t_i] = T[first], and as T never falls T[max(d_i, first)] is that, too
//   sum_i w_i >= 1                where w_i = 1: e_i = T[0] > T[first], so u_i = 0 and m = x_i; nothing wraps now
// The result is e, or with s = sum e, s >= T[0] > 0, y_i = floor((2^(q+1) e_i + s) / (2 s)), q = shift, a quotient (relations/elementwise_divide.cc).
#include "relations/builder.h"

namespace zkinfer::relations {

using circuit::minus;
using circuit::plus_constant;
using circuit::scaled;

Result<Tensor> build_softmax(Builder& builder, std::uint32_t index) {
  const qir::Node& node = builder.graph().nodes[index];
  const qir::Table& table = builder.graph().tables[static_cast<std::size_t>(node.requant.table_index)];
  const auto axis = static_cast<std::size_t>(node.axes[0]);
  const auto n = static_cast<std::uint64_t>(builder.value(node.inputs[0]).shape[axis]);
  Tensor x = without_unit_atoms(builder.tensor(node.inputs[0]));
  const std::int64_t whole = node.coefs.empty() ? std::int64_t{1} << node.requant.shift : table.values.back();
  if (n == 1) return Tensor{x.atoms, x.atoms_per_axis, plus_constant({}, whole)};
  const Tensor data = builder.refined(node.name + " input", std::move(x), axis, {n});
  x = axis_last(data, axis);
  const Box& box = x.atoms;
  const Box lines(box.begin(), box.end() - 1);
  std::vector<AxisMap> summed = identity_maps(box);
  summed.back() = {0, {}, {{n, 1}}};
  const LinExpr m = builder.add_witness(node.name + " maximum", lines);
  builder.recipes().maximum(Builder::column_of(m), x.expr, box);
  LinExpr t = minus(x.expr, m), below;
  if (const std::int64_t reach = builder.honest_reach(node.inputs[0]); reach > -table.first) {
    int c = 0;
    while (table.values[(std::size_t{2} << c) - 1] == table.values[0]) ++c;
    const std::int64_t end = table.first + (std::int64_t{1} << c) - 1;
    below = builder.add_witness(node.name + " below", box);
    builder.recipes().positive_part(Builder::column_of(below), plus_constant(scaled(t, -1), end), box, c);
    builder.add_nonnegative_check(node.name + " below", box, below, (reach + end) >> c);
    t = circuit::plus(t, scaled(below, std::int64_t{1} << c));
  }
  const LinExpr w = builder.add_witness(node.name + " mark", box);
  builder.recipes().positive_part(Builder::column_of(w), plus_constant(t, 1), box, 0);
  const Tensor y = builder.add_value(node, data);
  LinExpr e = axis_last(y, axis).expr;
  if (node.coefs.empty()) {
    e = builder.add_witness(node.name + " exponential", box);
    builder.recipes().table(Builder::column_of(e), node.requant.table_index, t, box);
  }
  builder.add_lookup(node.name + " exponential", box, builder.pieces(node.requant.table_index).index,
                     {plus_constant(t, -table.first), w, e});
  if (!below.views.empty())
    builder.add_pointwise(node.name + " below", box, {}, below, plus_constant(e, -table.values[0]));
  const LinExpr other_maxima = plus_constant(circuit::rebase(w, summed), -1);
  builder.add_nonnegative_check(node.name + " maxima", lines, other_maxima, static_cast<std::int64_t>(n) - 1);
  if (!node.coefs.empty()) return y;

  ZKI_ASSIGN_OR_RETURN(const qir::DivisionPlan plan, qir::plan_softmax(builder.graph(), node));
  const LinExpr s = circuit::rebase(e, summed);
  const LinExpr numerator = circuit::plus(scaled(e, std::int64_t{2} << node.requant.shift), s);
  builder.add_quotient(node.name, box, numerator, scaled(s, 2), axis_last(y, axis).expr, plan);
  return y;
}

}  // namespace zkinfer::relations
