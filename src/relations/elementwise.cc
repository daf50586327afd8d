// SPDX-License-Identifier: Apache-2.0
// Mul:     acc[i] = coef a[i] b[i], a contraction; axes that both operands have are shared, an axis along which one is
//          broadcast belongs to the other and costs the sumcheck no variable (a factor for all elements: none at all).
// Linear:  acc[i] = constant + sum_j coef_j x_j[i], an expression.  ReduceSum: acc = coef sum over axes, an expression.
#include <algorithm>

#include "relations/builder.h"

namespace zkinfer::relations {

namespace {

// The result's atoms and, for every operand, its expression over them.
struct Aligned {
  Tensor like;
  std::vector<LinExpr> operands;
  std::vector<std::vector<bool>> reads;  // [operand][atom of the result]
};

Aligned align(Builder& builder, const qir::Node& node) {
  std::vector<Tensor> tensors;
  for (const qir::ValueId id : node.inputs) tensors.push_back(builder.tensor(id));
  std::vector<Box> out_atoms;
  tensors = builder.aligned(node.name + " input", std::move(tensors), builder.value(node.output).shape, out_atoms);
  Aligned out;
  std::vector<AxisMap> all;
  for (const Box& atoms : out_atoms) out.like.add_axis(atoms, all);
  for (const Tensor& tensor : tensors) {
    std::vector<AxisMap> maps;
    std::vector<bool> reads(out.like.atoms.size(), false);
    for (std::size_t axis = 0; axis < tensor.atoms_per_axis.size(); ++axis) {
      if (tensor.atoms_per_axis[axis] == 0) continue;
      map_atoms(maps, out.like.first_atom(axis), out_atoms[axis]);
      std::fill_n(reads.begin() + out.like.first_atom(axis), out_atoms[axis].size(), true);
    }
    out.reads.push_back(std::move(reads));
    out.operands.push_back(rebased(tensor, maps));
  }
  return out;
}

}  // namespace

Result<Tensor> build_mul(Builder& builder, std::uint32_t index) {
  const qir::Node& node = builder.graph().nodes[index];
  Aligned aligned = align(builder, node);
  Tensor y;
  const Tensor acc = builder.committed_accumulator(index, aligned.like, y);
  std::vector<AxisRole> roles;
  for (std::size_t atom = 0; atom < aligned.like.atoms.size(); ++atom) {
    const bool both = aligned.reads[0][atom] == aligned.reads[1][atom];
    roles.push_back(both ? AxisRole::kC : (aligned.reads[0][atom] ? AxisRole::kA : AxisRole::kB));
  }
  builder.add_contraction({node.name, aligned.like.atoms, std::move(roles), acc.expr,
                           circuit::scaled(aligned.operands[0], node.coefs[0]), aligned.operands[1]});
  return y;
}

Result<Tensor> build_linear(Builder& builder, std::uint32_t index) {
  const qir::Node& node = builder.graph().nodes[index];
  Aligned aligned = align(builder, node);
  Tensor acc = aligned.like;
  acc.expr.constant = Fp::from_int(node.constant);
  for (std::size_t i = 0; i < aligned.operands.size(); ++i) {
    acc.expr = circuit::plus(std::move(acc.expr), circuit::scaled(aligned.operands[i], node.coefs[i]));
  }
  return builder.requantize(index, acc);
}

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

}  // namespace zkinfer::relations
