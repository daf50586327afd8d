// SPDX-License-Identifier: Apache-2.0
// Sort along an axis of length n, stable: the permutation p. Committed: p, and the values s in their new order. In every line l:
//   (p_i, l, s_i) is a row of the table of (j, l, x[l, j])        s_i = x[l, p_i], p_i in 0 .. n - 1
//   n (s_(i+1) - s_i) + p_(i+1) - p_i - 1 >= 0                    largest first: n (s_i - s_(i+1)) + ..
// The second says (s_i, p_i) < (s_(i+1), p_(i+1)) in the order of pairs, since |p_(i+1) - p_i| < n: where the values differ it has
// the sign of their difference, where they agree p rises. So the n pairs are different rows of a line that has n, hence all of
// them, and there is one way to order them: p is a permutation and no other one obeys. Nothing wraps: n times the width of x is below 2^62
// (qir::validate).
#include "relations/builder.h"

namespace zkinfer::relations {

Result<Tensor> build_sort(Builder& builder, std::uint32_t index) {
  const qir::Node& node = builder.graph().nodes[index];
  const auto axis = static_cast<std::size_t>(node.axes[0]);
  const Tensor data = builder.single_axis(node.name + " data", builder.tensor(node.inputs[0]), axis);
  const std::uint64_t n = data.axis_size(axis);
  if (n == 1) return Tensor{data.atoms, data.atoms_per_axis, {}};
  const Tensor x = axis_last(data, axis);
  const Box& box = x.atoms;
  const auto last = static_cast<std::uint32_t>(box.size() - 1);

  const Tensor y = builder.add_value(node, data);
  const LinExpr p = axis_last(y, axis).expr;
  const LinExpr s = builder.add_witness(node.name + " sorted", box);
  builder.recipes().picked(Builder::column_of(s), x.expr, p, box);
  const std::uint32_t table =
      builder.committed_table(node.inputs[0], Builder::line_tuples(box, last, circuit::position(last, {n}), x.expr));
  builder.add_lookup(node.name, table, Builder::line_tuples(box, last, p, s));

  Box pairs = box;
  pairs[last] = n - 1;
  std::vector<AxisMap> next = identity_maps(box);
  next[last].offset = 1;
  const auto rise = [&](const LinExpr& expr) { return circuit::minus(circuit::rebase(expr, next), expr); };
  const auto length = static_cast<std::int64_t>(n);
  const LinExpr order = circuit::plus(circuit::scaled(rise(s), node.coefs[0] * length), rise(p));
  builder.add_nonnegative_check(node.name + " order", pairs, circuit::plus_constant(order, -1),
                                builder.honest_reach(node.inputs[0]) * length + length - 2);
  return y;
}

}  // namespace zkinfer::relations
