// SPDX-License-Identifier: Apache-2.0
// MatMul:  acc[l.., m, n] - bias[n] = sum_k a[l.., m, k] b[l.., k, n]; leading axes that only one operand has belong to
// that operand, those of both stay shared.
#include "relations/builder.h"

namespace zkinfer::relations {

namespace {

// Puts the summed axis of both operands on common atoms.
Box align_sum_axis(Builder& builder, const std::string& name, Tensor& a, std::size_t a_axis, Tensor& b,
                   std::size_t b_axis) {
  a = without_unit_atoms(a);
  b = without_unit_atoms(b);
  auto factors = common_refinement({a.axis_atoms(a_axis), b.axis_atoms(b_axis)});
  if (!factors) {
    b = builder.materialize(name + " input", b, true);
    factors = common_refinement({a.axis_atoms(a_axis), b.axis_atoms(b_axis)});
    if (!factors) {
      a = builder.materialize(name + " input", a, true);
      factors = common_refinement({a.axis_atoms(a_axis), b.axis_atoms(b_axis)});
    }
  }
  a = refine_axis(a, a_axis, *factors);
  b = refine_axis(b, b_axis, *factors);
  return *factors;
}

}  // namespace

Result<Tensor> build_matmul(Builder& builder, std::uint32_t index) {
  const qir::Node& node = builder.graph().nodes[index];
  const Shape& out = builder.value(node.output).shape;
  Tensor a = builder.tensor(node.inputs[0]);
  Tensor b = builder.tensor(node.inputs[1]);
  const std::size_t rank = out.rank();
  const std::size_t a_rank = a.atoms_per_axis.size();
  const std::size_t b_rank = b.atoms_per_axis.size();
  if (a_rank < 2 || b_rank < 2) {
    return unsupported("a vector operand; make it a matrix with one row or column");
  }
  const Box k_atoms = align_sum_axis(builder, node.name, a, a_rank - 1, b, b_rank - 2);
  // Pad leading axes so that axis i of out is axis i of both operands.
  const auto lead = [&](Tensor& t) {
    t.atoms_per_axis.insert(t.atoms_per_axis.begin(), rank - t.atoms_per_axis.size(), 0);
  };
  lead(a);
  lead(b);

  BoxBuilder axes;
  std::vector<AxisMap> a_maps;
  std::vector<AxisMap> b_maps;
  std::vector<AxisMap> y_maps;
  for (std::size_t axis = 0; axis + 2 < rank; ++axis) {
    if (out[axis] == 1) continue;
    const bool in_a = a.atoms_per_axis[axis] > 0;
    const bool in_b = b.atoms_per_axis[axis] > 0;
    Box atoms = in_a ? a.axis_atoms(axis) : b.axis_atoms(axis);
    if (in_a && in_b) {
      const auto common = common_refinement({a.axis_atoms(axis), b.axis_atoms(axis)});
      if (!common) return unsupported("leading axes that reshapes cut in different ways; reshape them alike");
      a = refine_axis(a, axis, *common);
      b = refine_axis(b, axis, *common);
      atoms = *common;
    }
    const std::uint32_t first = axes.add(atoms, in_a && in_b ? AxisRole::kC : (in_a ? AxisRole::kA : AxisRole::kB));
    if (in_a) map_atoms(a_maps, first, atoms);
    if (in_b) map_atoms(b_maps, first, atoms);
    y_maps.push_back(mixed_radix(first, atoms));
  }
  const Box m_atoms = a.axis_atoms(rank - 2);
  const Box n_atoms = b.axis_atoms(rank - 1);
  const std::uint32_t m = axes.add(m_atoms, AxisRole::kA);
  const std::uint32_t n = axes.add(n_atoms, AxisRole::kB);
  const std::uint32_t k = axes.add(k_atoms, AxisRole::kK);
  map_atoms(a_maps, m, m_atoms);
  map_atoms(a_maps, k, k_atoms);
  map_atoms(b_maps, k, k_atoms);
  map_atoms(b_maps, n, n_atoms);
  const AxisMap n_map = mixed_radix(n, n_atoms);
  if (out[rank - 2] > 1) y_maps.push_back(mixed_radix(m, m_atoms));
  if (out[rank - 1] > 1) y_maps.push_back(n_map);

  Tensor y;
  const Tensor acc = builder.committed_accumulator(index, builder.shape_only(out), y);
  LinExpr target = rebased(acc, y_maps);
  if (node.inputs.size() > 2) {
    const Tensor bias = builder.plain(node.name + " bias", builder.tensor(node.inputs[2]));
    target = circuit::minus(target, rebased(bias, std::vector<AxisMap>(bias.atoms.empty() ? 0 : 1, n_map)));
  }
  builder.add_contraction({node.name, axes.box, axes.roles, std::move(target), rebased(a, a_maps), rebased(b, b_maps)});
  return y;
}

}  // namespace zkinfer::relations
