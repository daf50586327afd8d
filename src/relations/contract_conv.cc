// SPDX-License-Identifier: Apache-2.0
// Conv:  acc[n, g o, y..] - bias[g o] = sum over (ci, ky..) of w[g o, ci, ky..] x[n, g ci, s y + d ky - p ..]
// as one contraction: g (groups) is a shared axis, o belongs to the weights, n and y.. to the input, ci and ky.. are
// summed. The window is a view of x; reads in the padding are zero.
#include "base/check.h"
#include "relations/builder.h"

namespace zkinfer::relations {

namespace {

AxisMap joined(AxisMap a, const AxisMap& b) {
  a.offset += b.offset;
  a.terms.insert(a.terms.end(), b.terms.begin(), b.terms.end());
  return a;
}

}  // namespace

Result<Tensor> build_conv(Builder& builder, std::uint32_t index) {
  const qir::Node& node = builder.graph().nodes[index];
  const Shape& w_shape = builder.value(node.inputs[1]).shape;
  const Shape& out = builder.value(node.output).shape;
  const auto groups = static_cast<std::uint64_t>(node.groups);
  const auto per_group = static_cast<std::uint64_t>(w_shape[1]);
  const std::uint64_t outputs = static_cast<std::uint64_t>(w_shape[0]) / groups;
  const Tensor w = builder.plain(node.name + " weights", builder.tensor(node.inputs[1]));
  Tensor x = builder.zero_extended(node.name + " input", builder.tensor(node.inputs[0]),
                                   window_paddings(node, builder.value(node.inputs[0]).shape, out));
  // The channel axis splits in (group, channel of the group) on atom boundaries.
  const auto nested = common_refinement({x.axis_atoms(1), {groups, per_group}});
  if (!nested) x = builder.materialize(node.name + " input", x, false);
  Box channel_atoms = nested ? *nested : *common_refinement({{groups, per_group}});
  x = refine_axis(x, 1, channel_atoms);
  Box group_atoms;
  Box ci_atoms;
  std::uint64_t product = 1;
  for (std::size_t i = channel_atoms.size(); i-- > 0;) {
    Box& side = product < per_group ? ci_atoms : group_atoms;
    side.insert(side.begin(), channel_atoms[i]);
    product *= channel_atoms[i];
  }

  BoxBuilder b;
  const Box batch_atoms = x.axis_atoms(0);
  const std::uint32_t batch = b.add(batch_atoms, AxisRole::kB);
  const std::uint32_t group = b.add(group_atoms, AxisRole::kC);
  const Box o_atoms = outputs > 1 ? Box{outputs} : Box{};
  const std::uint32_t o = b.add(o_atoms, AxisRole::kA);
  std::vector<std::uint32_t> position;
  for (std::size_t s = 0; s < node.kernel.size(); ++s) {
    position.push_back(b.add({static_cast<std::uint64_t>(out[s + 2])}, AxisRole::kB));
  }
  const std::uint32_t ci = b.add(ci_atoms, AxisRole::kK);
  std::vector<std::uint32_t> tap;
  for (const std::int64_t k : node.kernel) tap.push_back(b.add({static_cast<std::uint64_t>(k)}, AxisRole::kK));

  // x: atoms are batch.., channel.., one per spatial axis.
  std::vector<AxisMap> x_maps;
  map_atoms(x_maps, batch, batch_atoms);
  map_atoms(x_maps, group, group_atoms);
  map_atoms(x_maps, ci, ci_atoms);
  for (std::size_t s = 0; s < node.kernel.size(); ++s) {
    x_maps.push_back({-node.pads_begin[s], {{position[s], node.strides[s]}, {tap[s], node.dilations[s]}}, {}});
  }
  // w: dims above 1 of [O, C/groups, kernel..], one atom each.
  const AxisMap out_channel =
      joined(mixed_radix(group, group_atoms, static_cast<std::int64_t>(outputs)), mixed_radix(o, o_atoms));
  std::vector<AxisMap> w_maps;
  if (w_shape[0] > 1) w_maps.push_back(out_channel);
  if (per_group > 1) w_maps.push_back(mixed_radix(ci, ci_atoms));
  for (std::size_t s = 0; s < node.kernel.size(); ++s) {
    if (node.kernel[s] > 1) w_maps.push_back(mixed_radix(tap[s], {static_cast<std::uint64_t>(node.kernel[s])}));
  }
  // y: dims above 1 of [N, O, out..].
  std::vector<AxisMap> y_maps;
  if (out[0] > 1) y_maps.push_back(mixed_radix(batch, batch_atoms));
  if (out[1] > 1) y_maps.push_back(out_channel);
  for (std::size_t s = 0; s < node.kernel.size(); ++s) {
    if (out[s + 2] > 1) y_maps.push_back(mixed_radix(position[s], {static_cast<std::uint64_t>(out[s + 2])}));
  }
  Tensor y;
  const Tensor acc = builder.committed_accumulator(index, builder.shape_only(out), y);
  LinExpr target = rebased(acc, y_maps);
  if (node.inputs.size() > 2) {
    std::vector<AxisMap> bias_maps;
    if (w_shape[0] > 1) bias_maps.push_back(out_channel);
    target =
        circuit::minus(target, rebased(builder.plain(node.name + " bias", builder.tensor(node.inputs[2])), bias_maps));
  }
  builder.add_contraction({node.name, b.box, b.roles, std::move(target), rebased(w, w_maps), rebased(x, x_maps)});
  return y;
}

}  // namespace zkinfer::relations
