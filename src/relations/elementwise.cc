// SPDX-License-Identifier: Apache-2.0
// Mul:     acc[i] = coef a[i] b[i], a contraction; axes that both operands have are shared, an axis along which one is
//          broadcast belongs to the other and costs the sumcheck no variable (a factor for all elements: none at all).
// Select:  y[i] - b[i] = c[i] (a[i] - b[i]), a contraction as Mul's; c is 0 or 1 by its range, so y is a or b.
// Divide:  y[i] = a[i] / b[i], rounded as elementwise_divide.cc says.
// Linear:  acc[i] = constant + sum_j coef_j x_j[i], an expression.
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

// y = left * right, point by point: an axis that only one of them reads is that one's.
void add_product(Builder& builder, const std::string& name, const Tensor& like, LinExpr y, LinExpr left,
                 const std::vector<bool>& left_reads, LinExpr right, const std::vector<bool>& right_reads) {
  std::vector<AxisRole> roles;
  for (std::size_t atom = 0; atom < like.atoms.size(); ++atom) {
    const bool both = left_reads[atom] == right_reads[atom];
    roles.push_back(both ? AxisRole::kC : (left_reads[atom] ? AxisRole::kA : AxisRole::kB));
  }
  builder.add_contraction({name, like.atoms, std::move(roles), std::move(y), std::move(left), std::move(right)});
}

}  // namespace

Result<Tensor> build_mul(Builder& builder, std::uint32_t index) {
  const qir::Node& node = builder.graph().nodes[index];
  Aligned aligned = align(builder, node);
  Tensor y;
  const Tensor acc = builder.committed_accumulator(index, aligned.like, y);
  add_product(builder, node.name, aligned.like, acc.expr, circuit::scaled(aligned.operands[0], node.coefs[0]),
              aligned.reads[0], aligned.operands[1], aligned.reads[1]);
  return y;
}

Result<Tensor> build_select(Builder& builder, std::uint32_t index) {
  const qir::Node& node = builder.graph().nodes[index];
  const Aligned aligned = align(builder, node);
  const Tensor y = builder.add_value(node, aligned.like);
  std::vector<bool> reads = aligned.reads[1];
  for (std::size_t atom = 0; atom < reads.size(); ++atom) reads[atom] = reads[atom] || aligned.reads[2][atom];
  add_product(builder, node.name, aligned.like, circuit::minus(y.expr, aligned.operands[2]), aligned.operands[0],
              aligned.reads[0], circuit::minus(aligned.operands[1], aligned.operands[2]), reads);
  return y;
}

Result<Tensor> build_divide(Builder& builder, std::uint32_t index) {
  const qir::Node& node = builder.graph().nodes[index];
  const auto [numerators, denominators] =
      qir::division_of(node, builder.sound_range(node.inputs[0]), builder.sound_range(node.inputs[1]));
  ZKI_ASSIGN_OR_RETURN(const qir::DivisionPlan plan,
                       qir::plan_division(numerators, denominators, builder.sound_range(node.output)));
  const Aligned aligned = align(builder, node);
  const LinExpr& b = aligned.operands[1];
  LinExpr numerator = circuit::scaled(aligned.operands[0], node.coefs[0]);
  LinExpr denominator = b;
  if (node.coefs[1] == 1) {
    numerator = circuit::plus(circuit::scaled(numerator, 2), b);
    denominator = circuit::scaled(b, 2);
  }
  const Tensor y = builder.add_value(node, aligned.like);
  builder.add_quotient(node.name, y.atoms, numerator, denominator, y.expr, plan);
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

}  // namespace zkinfer::relations
