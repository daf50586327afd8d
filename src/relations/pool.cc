// SPDX-License-Identifier: Apache-2.0
// SumPool:  acc = coef sum over the window, an expression.  MaxPool:  maxima along the window's axes, one after the other
// (maximum.cc). The window is a view of x.
#include <algorithm>

#include "relations/builder.h"

namespace zkinfer::relations {

namespace {

// The input of a MaxPool over whose windows the maximum is taken, and how far values under one window can be apart.
struct PoolInput {
  Tensor x;
  std::int64_t added = 0;  // to every maximum of x
  std::int64_t reach = 0;
};

// Padding must lose against every real cell, so cells must be >= 0 where padding reads 0: they are lowered by the least
// that they may be.
PoolInput pool_input(Builder& builder, const qir::Node& node) {
  const qir::ValueId id = node.inputs[0];
  const std::vector<AxisPadding> paddings =
      window_paddings(node, builder.value(id).shape, builder.value(node.output).shape);
  const bool padded =
      std::any_of(paddings.begin(), paddings.end(), [](const AxisPadding& p) { return p.before > 0 || p.after > 0; });
  PoolInput out{builder.tensor(id), 0, builder.honest_reach(id)};
  if (padded) {
    out.added = static_cast<std::int64_t>(std::min<qir::Wide>(builder.sound_range(id).lo, 0));
    // The highest cell against padding, which is 0 where real cells begin at lo - added >= 0.
    out.reach = std::max(out.reach, static_cast<std::int64_t>(builder.honest_range(id).hi - out.added));
  }
  const std::string name = node.name + " input";
  if (out.added != 0) {
    out.x.expr = circuit::plus_constant(out.x.expr, -out.added);
    out.x = builder.materialize(name, out.x, false);
  }
  out.x = builder.zero_extended(name, out.x, paddings);
  return out;
}

}  // namespace

Result<Tensor> build_sum_pool(Builder& builder, std::uint32_t index) {
  const qir::Node& node = builder.graph().nodes[index];
  const Shape& out = builder.value(node.output).shape;
  const Tensor x = builder.zero_extended(node.name + " input", builder.tensor(node.inputs[0]),
                                         window_paddings(node, builder.value(node.inputs[0]).shape, out));
  Tensor acc;
  std::vector<AxisMap> maps;
  for (std::size_t axis = 0; axis < out.rank(); ++axis) {
    if (axis < 2) {
      acc.add_axis(x.axis_atoms(axis), maps);
      continue;
    }
    const auto next = static_cast<std::uint32_t>(acc.atoms.size());
    const std::size_t s = axis - 2;
    maps.push_back({-node.pads_begin[s],
                    {{next, node.strides[s]}},
                    {{static_cast<std::uint64_t>(node.kernel[s]), node.dilations[s]}}});
    acc.atoms.push_back(static_cast<std::uint64_t>(out[axis]));
    acc.atoms_per_axis.push_back(1);
  }
  acc.expr = circuit::scaled(rebased(x, maps), node.coefs[0]);
  return builder.requantize(index, without_unit_atoms(acc));
}

Result<Tensor> build_max_pool(Builder& builder, std::uint32_t index) {
  const qir::Node& node = builder.graph().nodes[index];
  const Shape& out = builder.value(node.output).shape;
  const auto [x, added, reach] = pool_input(builder, node);
  Tensor y;
  std::vector<AxisMap> maps;
  for (std::size_t axis = 0; axis < 2; ++axis) y.add_axis(x.axis_atoms(axis), maps);
  const auto first_position = static_cast<std::uint32_t>(y.atoms.size());
  const auto spatial = static_cast<std::uint32_t>(node.kernel.size());
  Box box = y.atoms;
  for (std::uint32_t s = 0; s < spatial; ++s) {
    box.push_back(static_cast<std::uint64_t>(out[s + 2]));
    y.atoms.push_back(box.back());
    y.atoms_per_axis.push_back(1);
    maps.push_back({-node.pads_begin[s],
                    {{first_position + s, node.strides[s]}, {first_position + spatial + s, node.dilations[s]}},
                    {}});
  }
  for (const std::int64_t k : node.kernel) box.push_back(static_cast<std::uint64_t>(k));
  LinExpr expr = rebased(x, maps);
  for (std::uint32_t s = spatial; s-- > 0;) {
    const std::uint32_t tap = first_position + spatial + s;
    expr = builder.maximum_along(node.name, std::move(expr), box, tap, reach);
    expr = drop_axis(expr, box, tap);
  }
  y.expr = circuit::plus_constant(std::move(expr), added);
  return without_unit_atoms(y);
}

}  // namespace zkinfer::relations
