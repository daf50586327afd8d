// SPDX-License-Identifier: Apache-2.0
// Reshape, Transpose, Slice, Pad, Concat: views of columns that are already there.
#include <algorithm>

#include "relations/builder.h"

namespace zkinfer::relations {

namespace {

// Extends one-atom axes by zeros: axis i gets size sizes[i] and its old index 0 at begin[i].
Tensor extended(Builder& builder, const std::string& name, Tensor tensor, const std::vector<std::int64_t>& begin,
                const Shape& shape) {
  std::vector<AxisPadding> paddings;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    const auto size = static_cast<std::uint64_t>(shape[axis]);
    const auto before = static_cast<std::uint64_t>(begin[axis]);
    if (size != tensor.axis_size(axis)) paddings.push_back({axis, before, size - before - tensor.axis_size(axis)});
  }
  tensor = builder.zero_extended(name + " input", tensor, paddings);
  std::vector<AxisMap> maps = identity_maps(tensor.atoms);
  for (const AxisPadding& padding : paddings) {
    const std::uint32_t atom = tensor.first_atom(padding.axis);
    maps[atom].offset = -begin[padding.axis];
    tensor.atoms[atom] = static_cast<std::uint64_t>(shape[padding.axis]);
  }
  tensor.expr = circuit::rebase(tensor.expr, maps);
  return tensor;
}

}  // namespace

Result<Tensor> build_reshape(Builder& builder, std::uint32_t index) {
  const qir::Node& node = builder.graph().nodes[index];
  Tensor x = without_unit_atoms(builder.tensor(node.inputs[0]));
  const Shape& shape = builder.value(node.output).shape;
  Box wanted;
  for (const std::int64_t n : shape.dims())
    if (n > 1) wanted.push_back(static_cast<std::uint64_t>(n));
  if (!common_refinement({x.atoms, wanted})) x = builder.materialize(node.name + " input", x, true);
  // Read the whole tensor as one axis, refine it, and regroup.
  x.atoms_per_axis = {static_cast<std::uint32_t>(x.atoms.size())};
  auto factors = common_refinement({x.atoms, wanted});
  if (!factors) {
    // A flat column has one atom per old axis, each of which can be cut; only their own boundaries stay.
    Tensor flat = x;
    flat.atoms = wanted;
    flat.atoms_per_axis = {static_cast<std::uint32_t>(wanted.size())};
    flat.expr.views[0].axes[0] = mixed_radix(0, wanted);
    x = std::move(flat);
    factors = wanted;
  }
  x = refine_axis(x, 0, *factors);
  x.atoms_per_axis.clear();
  std::size_t next = 0;
  for (const std::int64_t n : shape.dims()) {
    std::uint64_t product = 1;
    std::uint32_t count = 0;
    while (product < static_cast<std::uint64_t>(n)) {
      product *= x.atoms[next++];
      ++count;
    }
    x.atoms_per_axis.push_back(count);
  }
  return x;
}

Result<Tensor> build_transpose(Builder& builder, std::uint32_t index) {
  const qir::Node& node = builder.graph().nodes[index];
  return permuted(builder.tensor(node.inputs[0]), {node.perm.begin(), node.perm.end()});
}

Result<Tensor> build_slice(Builder& builder, std::uint32_t index) {
  const qir::Node& node = builder.graph().nodes[index];
  const Shape& shape = builder.value(node.output).shape;
  Tensor x = builder.tensor(node.inputs[0]);
  const auto is_kept = [&](std::size_t axis) {
    return static_cast<std::uint64_t>(shape[axis]) == x.axis_size(axis) && (node.steps[axis] == 1 || shape[axis] == 1);
  };
  for (std::size_t axis = 0; axis < shape.rank(); ++axis)
    if (x.atoms_per_axis[axis] > 1 && !is_kept(axis)) x = builder.materialize(node.name + " input", x, false);
  Tensor y;
  std::vector<AxisMap> maps, unread;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    AxisMap map{node.starts[axis], {}, {}};
    if (node.steps[axis] != 0) map.terms = {{static_cast<std::uint32_t>(y.atoms.size()), node.steps[axis]}};
    y.add_axis(is_kept(axis) ? x.axis_atoms(axis) : Box{static_cast<std::uint64_t>(shape[axis])},
               is_kept(axis) ? maps : unread);
    if (!is_kept(axis) && x.atoms_per_axis[axis] == 1) maps.push_back(map);
  }
  y.expr = rebased(x, maps);
  return without_unit_atoms(y);
}

Result<Tensor> build_pad(Builder& builder, std::uint32_t index) {
  const qir::Node& node = builder.graph().nodes[index];
  return extended(builder, node.name, builder.tensor(node.inputs[0]), node.pads_begin,
                  builder.value(node.output).shape);
}

Result<Tensor> build_concat(Builder& builder, std::uint32_t index) {
  const qir::Node& node = builder.graph().nodes[index];
  const Shape& shape = builder.value(node.output).shape;
  const auto axis = static_cast<std::size_t>(node.axes[0]);
  std::vector<Tensor> parts;
  std::int64_t at = 0;
  for (const qir::ValueId id : node.inputs) {
    std::vector<std::int64_t> begin(shape.rank(), 0);
    begin[axis] = at;
    parts.push_back(extended(builder, node.name, builder.tensor(id), begin, shape));
    at += builder.value(id).shape[axis];
  }
  std::vector<Box> out_atoms;
  parts = builder.aligned(node.name + " input", std::move(parts), shape, out_atoms);
  Tensor y = parts[0];
  for (std::size_t i = 1; i < parts.size(); ++i) y.expr = circuit::plus(std::move(y.expr), parts[i].expr);
  return y;
}

}  // namespace zkinfer::relations
