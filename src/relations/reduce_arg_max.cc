// SPDX-License-Identifier: Apache-2.0
// ArgMax along an axis of length n, smallest index first. Committed: the maximum m and the step c_i = [i >= y]. With
// e_i = c_i - c_(i-1) (c_(-1) = 0):
//   e_i in {0, 1}, c_(n-1) = 1             c_i is the sum of e_0 .. e_i, below p: exactly one e_i is 1, at y
//   e_i (m - x_i) = 0                      m = x_y
//   m - x_i - (1 - c_i) >= 0               x_i <= m, and x_i < m before y
//   y = n - sum_i c_i                      an expression.
#include "relations/builder.h"

namespace zkinfer::relations {

Result<Tensor> build_arg_max(Builder& builder, std::uint32_t index) {
  const qir::Node& node = builder.graph().nodes[index];
  const auto axis = static_cast<std::size_t>(node.axes[0]);
  const auto n = static_cast<std::uint64_t>(builder.value(node.inputs[0]).shape[axis]);
  Tensor x = without_unit_atoms(builder.tensor(node.inputs[0]));
  if (n > 1) x = builder.refined(node.name + " input", x, axis, {n});
  Tensor y{{}, x.atoms_per_axis, {}};
  y.atoms_per_axis[axis] = 0;
  if (builder.value(node.output).shape.rank() < x.atoms_per_axis.size())
    y.atoms_per_axis.erase(y.atoms_per_axis.begin() + node.axes[0]);
  x = axis_last(x, axis);
  y.atoms = x.atoms;
  if (n == 1) return y;
  y.atoms.pop_back();
  const Box& box = x.atoms;

  const LinExpr m = builder.add_witness(node.name + " maximum", y.atoms);
  builder.recipes().maximum(Builder::column_of(m), x.expr, box);
  const LinExpr c = builder.add_witness(node.name + " step", box);
  builder.recipes().arg_max_step(Builder::column_of(c), x.expr, box);
  std::vector<AxisMap> back = identity_maps(box);
  back.back().offset = -1;
  const LinExpr e = circuit::minus(c, circuit::rebase(c, back));

  builder.add_range_check(node.name + " one-hot", box, e, 1);
  std::vector<AxisMap> at_end = back;
  at_end.back() = {static_cast<std::int64_t>(n) - 1, {}, {}};
  builder.add_equality(node.name + " last step", y.atoms, circuit::plus_constant(circuit::rebase(c, at_end), -1));
  const LinExpr gap = circuit::minus(m, x.expr);
  builder.add_pointwise(node.name, box, {}, e, gap);
  builder.add_nonnegative_check(node.name + " order", box, circuit::plus_constant(circuit::plus(gap, c), -1),
                                builder.honest_reach(node.inputs[0]));
  std::vector<AxisMap> summed = back;
  summed.back() = {0, {}, {{n, 1}}};
  y.expr = circuit::plus_constant(circuit::scaled(circuit::rebase(c, summed), -1), static_cast<std::int64_t>(n));
  return y;
}

}  // namespace zkinfer::relations
