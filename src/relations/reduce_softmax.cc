// SPDX-License-Identifier: Apache-2.0
// Softmax along an axis: m = max x (an expression), e_i = T[d_i] (table of exponentials), s = sum e,
//   d_i = x_i - m, or first + max(0, x_i - m - first) where honest values go below the table,
//   y_i = floor((2^(q+1) e_i + s) / (2 s)), q = shift, a quotient (relations/elementwise_divide.cc). s >= 1: T[0] > 0 is one of the terms.
#include <algorithm>

#include "relations/builder.h"

namespace zkinfer::relations {

Result<Tensor> build_softmax(Builder& builder, std::uint32_t index) {
  const qir::Node& node = builder.graph().nodes[index];
  const qir::Value& input = builder.value(node.inputs[0]);
  ZKI_ASSIGN_OR_RETURN(const qir::DivisionPlan plan, qir::plan_softmax(builder.graph(), node));
  const auto axis = static_cast<std::size_t>(node.axes[0]);
  const auto n = static_cast<std::uint64_t>(input.shape[axis]);
  Tensor x = without_unit_atoms(builder.tensor(node.inputs[0]));
  if (n > 1) x = builder.refined(node.name + " input", x, axis, {n});
  const Box box = x.atoms;
  // m and s keep the axis with length 1 and are broadcast along it.
  LinExpr m = x.expr;
  std::vector<AxisMap> summed = identity_maps(box);
  std::vector<AxisMap> broadcast = summed;
  if (n > 1) {
    const std::uint32_t along = x.first_atom(axis);
    Box reduced = box;
    m = builder.maximum_along(node.name, x.expr, reduced, along, builder.honest_reach(node.inputs[0]));
    broadcast[along] = {};
    m = circuit::rebase(m, broadcast);
    summed[along] = {0, {}, {{n, 1}}};
  }
  LinExpr difference = circuit::minus(x.expr, m);
  const qir::Table& table = builder.graph().tables[static_cast<std::size_t>(node.requant.table_index)];
  if (const std::int64_t reach = builder.honest_reach(node.inputs[0]); reach > -table.first) {
    const LinExpr above = circuit::plus_constant(difference, -table.first);
    const LinExpr depth = builder.positive_part(node.name + " depth", box, above,
                                                std::max(reach + table.first, -table.first), circuit::box_size(box));
    difference = circuit::plus_constant(depth, table.first);
  }
  const LinExpr e = builder.add_witness(node.name + " exponential", box);
  builder.recipes().table(Builder::column_of(e), node.requant.table_index, difference, box);
  builder.add_lookup(node.name + " exponential", box, builder.graph_table(node.requant.table_index), {difference, e});
  const LinExpr s = circuit::rebase(e, summed);

  const Tensor y = builder.add_tensor(node.name, x);
  builder.recipes().value(Builder::column_of(y.expr), node.output);
  const LinExpr numerator = circuit::plus(circuit::scaled(e, std::int64_t{2} << node.requant.shift), s);
  builder.add_quotient(node.name, box, numerator, circuit::scaled(s, 2), y.expr, plan);
  return y;
}

}  // namespace zkinfer::relations
