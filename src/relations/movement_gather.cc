// SPDX-License-Identifier: Apache-2.0
// Gather along an axis of length n: a lookup into a table of committed rows (circuit::Table).
//   indices for whole slices   y[pre, i, post] = data[pre, idx[i], post]: row j is (j, data[., j, .]), n rows whatever the
//                              slices' size, and (idx[i], y[., i, .]) is a row
//   indices along the axis     y[l, i] = data[l, idx[l, i]] in every line l: the rows are (j, l, data[l, j]), and
//                              (idx[l, i], l, y[l, i]) is a row
// Exact: rows differ in (j) or (j, l), so idx is some j in 0 .. n - 1 as an integer, and y is what stands in that row. l is an
// entry of its own: in one flat number an index beyond its line would name a row of the next.
// The multiplicities are no part of the argument: whatever they are, a tuple that is no row leaves a pole (docs/security.md).
#include "relations/builder.h"

namespace zkinfer::relations {

namespace {

// (index, slice) at every point of the box; the run's axes are those of the slice.
circuit::Tuples slices(Box box, LinExpr index, Box slice, LinExpr values) {
  if (slice.empty()) return Builder::line_tuples(box, 0, std::move(index), std::move(values));
  return {std::move(box), {std::move(index)}, std::move(slice), std::move(values)};
}

Tensor gather_slices(Builder& builder, const qir::Node& node) {
  const auto axis = static_cast<std::size_t>(node.axes[0]);
  const Tensor data = builder.single_axis(node.name + " data", builder.tensor(node.inputs[0]), axis);
  const Tensor indices = without_unit_atoms(builder.tensor(node.inputs[1]));
  const std::uint64_t n = data.axis_size(axis);
  // Of the table: the axis, then the slice. Of the lookup: the indices, then the slice.
  const auto num_indices = static_cast<std::uint32_t>(indices.atoms.size());
  Tensor y;
  Box slice;
  std::vector<AxisMap> of_row, of_output, of_y;
  const auto add_slice_axis = [&](std::size_t from) {
    const Box atoms = data.axis_atoms(from);
    map_atoms(of_row, 1 + static_cast<std::uint32_t>(slice.size()), atoms);
    map_atoms(of_output, num_indices + static_cast<std::uint32_t>(slice.size()), atoms);
    slice.insert(slice.end(), atoms.begin(), atoms.end());
    y.add_axis(atoms, of_y);
  };
  for (std::size_t a = 0; a < data.atoms_per_axis.size(); ++a) {
    if (a != axis) {
      add_slice_axis(a);
      continue;
    }
    if (n > 1) of_row.push_back(mixed_radix(0, {n}));
    for (std::size_t b = 0; b < indices.atoms_per_axis.size(); ++b) {
      map_atoms(of_output, indices.first_atom(b), indices.axis_atoms(b));
      y.add_axis(indices.axis_atoms(b), of_y);
    }
  }
  y = builder.add_value(node, std::move(y));
  const std::uint32_t table =
      builder.committed_table(node.inputs[0], slices({n}, circuit::position(0, {n}), slice, rebased(data, of_row)));
  builder.add_lookup(node.name, table, slices(indices.atoms, indices.expr, slice, rebased(y, of_output)));
  return y;
}

Tensor gather_along(Builder& builder, const qir::Node& node) {
  const auto axis = static_cast<std::size_t>(node.axes[0]);
  const Shape& shape = builder.value(node.output).shape;
  const std::size_t rank = shape.rank();
  const std::string name = node.name + " data";
  Tensor data = axis_last(builder.single_axis(name, builder.tensor(node.inputs[0]), axis), axis);
  Tensor indices = axis_last(without_unit_atoms(builder.tensor(node.inputs[1])), axis);
  const std::uint64_t n = data.axis_size(rank - 1);
  // Common lines: two axes behind them, each of which one of the two has.
  Dims both;
  for (std::size_t a = 0; a < rank; ++a) {
    if (a != axis) both.push_back(shape[a]);
  }
  both.push_back(static_cast<std::int64_t>(n));
  both.push_back(shape[axis]);
  data.atoms_per_axis.push_back(0);
  indices.atoms_per_axis.insert(indices.atoms_per_axis.end() - 1, 0);
  std::vector<Box> atoms;
  const std::vector<Tensor> aligned = builder.aligned(name, {data, indices}, both, atoms);
  Box lines;
  for (std::size_t a = 0; a + 1 < rank; ++a) lines.insert(lines.end(), atoms[a].begin(), atoms[a].end());
  const auto num_lines = static_cast<std::uint32_t>(lines.size());

  Tensor y;
  std::vector<AxisMap> of_y;
  for (std::size_t a = 0; a < rank; ++a) y.add_axis(a == axis ? atoms[rank] : atoms[a < axis ? a : a - 1], of_y);
  y = builder.add_value(node, std::move(y));

  Box rows = lines;
  rows.push_back(n);
  const std::uint32_t table = builder.committed_table(
      node.inputs[0], Builder::line_tuples(rows, lines.size(), circuit::position(num_lines, {n}), aligned[0].expr));
  builder.add_lookup(node.name, table,
                     Builder::line_tuples(aligned[1].atoms, lines.size(), aligned[1].expr, axis_last(y, axis).expr));
  return y;
}

}  // namespace

Result<Tensor> build_gather(Builder& builder, std::uint32_t index) {
  const qir::Node& node = builder.graph().nodes[index];
  return node.coefs.empty() ? gather_slices(builder, node) : gather_along(builder, node);
}

}  // namespace zkinfer::relations
