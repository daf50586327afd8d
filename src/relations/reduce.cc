// SPDX-License-Identifier: Apache-2.0
// ReduceSum:  acc = coef sum over axes, an expression.  ReduceMax:  maxima along the axes, one after the other (maximum.cc).
#include <algorithm>

#include "relations/builder.h"

namespace zkinfer::relations {

Result<Tensor> build_reduce_sum(Builder& builder, std::uint32_t index) {
  const qir::Node& node = builder.graph().nodes[index];
  const Tensor x = without_unit_atoms(builder.tensor(node.inputs[0]));
  const bool keep = builder.value(node.output).shape.rank() == x.atoms_per_axis.size();
  Tensor acc;
  std::vector<AxisMap> maps;
  for (std::size_t axis = 0; axis < x.atoms_per_axis.size(); ++axis) {
    const bool summed =
        std::find(node.axes.begin(), node.axes.end(), static_cast<std::int64_t>(axis)) != node.axes.end();
    if (!summed) {
      acc.add_axis(x.axis_atoms(axis), maps);
      continue;
    }
    for (const std::uint64_t n : x.axis_atoms(axis)) maps.push_back({0, {}, {{n, 1}}});
    if (keep) acc.atoms_per_axis.push_back(0);
  }
  acc.expr = circuit::scaled(rebased(x, maps), node.coefs[0]);
  return builder.requantize(index, acc);
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
