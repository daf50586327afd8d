// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <optional>

#include "ir/affine.h"
#include "passes/rewriter.h"
#include "passes/rewrites.h"

namespace zkinfer::passes {

namespace {

using ir::Affine;
using ir::kNoValue;
using ir::Node;
using ir::OpKind;
using ir::per_channel;
using ir::ValueId;
using std::int64_t;
using std::size_t;

// A node of the new graph whose output feeds the affine operation, and its channel axis.
struct Target {
  Node* node;
  size_t channel_axis;
  ValueId output;          // what stands for the affine operation's output afterwards
  bool flattened = false;  // the operation works on a Reshape of the single row that a MatMul makes
};

Node* maker_in_new_graph(Rewriter& rewriter, ValueId value) {
  const std::int32_t producer = rewriter.producer(value);
  return producer < 0 ? nullptr : &rewriter.to().nodes[static_cast<size_t>(producer)];
}

std::optional<Target> find_target(Rewriter& rewriter, ValueId old_input, ValueId new_input) {
  Node* node = maker_in_new_graph(rewriter, new_input);
  if (node == nullptr || !rewriter.used_once(old_input)) return std::nullopt;
  const size_t rank = rewriter.to().value(new_input).shape.rank();
  if (node->op == OpKind::kConv) return Target{node, 1, new_input};
  if (node->op == OpKind::kMatMul) return Target{node, rank - 1, new_input};
  // Down a chain of reshapes that nothing else reads.
  ValueId old = old_input;
  while (node != nullptr && node->op == OpKind::kReshape) {
    const Node* old_reshape = rewriter.maker(old);
    if (old_reshape == nullptr || old_reshape->op != OpKind::kReshape) return std::nullopt;
    old = old_reshape->inputs[0];
    if (!rewriter.used_once(old)) return std::nullopt;
    node = maker_in_new_graph(rewriter, node->inputs[0]);
  }
  if (node == nullptr || node->op != OpKind::kMatMul) return std::nullopt;
  const Shape& row = rewriter.to().output_of(*node).shape;
  if (row[row.rank() - 1] != row.num_elements()) return std::nullopt;
  return Target{node, row.rank() - 1, new_input, true};
}

// c f(x) = f(c x) for c > 0.
bool is_homogeneous(const Node* node) {
  return node != nullptr && (node->op == OpKind::kRelu || node->op == OpKind::kLeakyRelu ||
                             node->op == OpKind::kMaxPool || node->op == OpKind::kAveragePool);
}

// Of a product with positive factors: a Conv or MatMul behind Relu and pools that nothing else reads. Channels that such factors bring
// to one size (batch normalization behind Relu) have it where they are rounded first.
std::optional<Target> find_target_of_factors(Rewriter& rewriter, ValueId old_input, ValueId new_input) {
  ValueId old = old_input;
  while (is_homogeneous(rewriter.maker(old)) && rewriter.used_once(old)) old = rewriter.maker(old)->inputs[0];
  if (old == old_input) return std::nullopt;
  std::optional<Target> target = find_target(rewriter, old, rewriter.mapped(old));
  if (!target || target->flattened) return std::nullopt;
  target->output = new_input;
  return target;
}

// The constant as one number per channel of the target.
std::optional<std::vector<float>> values_per_channel(const FloatTensor& constant, const Shape& output,
                                                     const Target& target) {
  if (!target.flattened) return per_channel(constant, output, target.channel_axis);
  std::vector<float> values(static_cast<size_t>(output.num_elements()), constant[0]);
  if (constant.num_elements() == 1) return values;
  if (constant.num_elements() != output.num_elements()) return std::nullopt;
  std::copy(constant.data().begin(), constant.data().end(), values.begin());
  return values;
}

// Weights with every element multiplied by the factor of its output channel: the first axis of a convolution's
// weight, the last of a matrix.
FloatTensor scaled_weight(const FloatTensor& weight, const std::vector<float>& factors, bool channels_first) {
  FloatTensor scaled = weight;
  const size_t per_filter = weight.data().size() / factors.size();
  for (size_t i = 0; i < scaled.data().size(); ++i)
    scaled[i] *= channels_first ? factors[i / per_filter] : factors[i % factors.size()];
  return scaled;
}

// Renames the target and its output after `node`, whose work it now does; the target keeps its own node name.
ValueId take_over(Rewriter& rewriter, const Target& target, const Node& node) {
  ir::Graph& graph = rewriter.to();
  ir::Value& value = graph.value(target.output);
  const std::string& wanted = rewriter.from().output_of(node).name;
  if (graph.value_names.insert(wanted).second) {
    graph.value_names.erase(value.name);
    value.name = wanted;
  }
  return target.output;
}

Result<ValueId> fold_scaling(Rewriter& rewriter, const Node& node, const Target& target,
                             const std::vector<float>& factors) {
  Node& contraction = *target.node;
  ir::Graph& graph = rewriter.to();
  const FloatTensor* weight = graph.input_of(contraction, 1).floats();
  const FloatTensor* bias = contraction.has_input(2) ? graph.input_of(contraction, 2).floats() : nullptr;
  if (weight == nullptr || weight->num_elements() == 0 || (contraction.has_input(2) && bias == nullptr))
    return kNoValue;
  const ValueId new_weight = graph.add_constant(contraction.name + "#weight",
                                                scaled_weight(*weight, factors, contraction.op == OpKind::kConv));
  contraction.inputs[1] = new_weight;
  if (bias != nullptr)
    contraction.inputs[2] = graph.add_constant(contraction.name + "#bias", scaled_weight(*bias, factors, false));
  return take_over(rewriter, target, node);
}

Result<ValueId> fold_offset(Rewriter& rewriter, const Node& node, const Target& target,
                            const std::vector<float>& offsets) {
  Node& contraction = *target.node;
  ir::Graph& graph = rewriter.to();
  FloatTensor sum(Shape{static_cast<int64_t>(offsets.size())}, offsets);
  if (contraction.has_input(2)) {
    const FloatTensor* bias = graph.input_of(contraction, 2).floats();
    if (bias == nullptr) return kNoValue;
    for (size_t i = 0; i < offsets.size(); ++i) sum[i] += (*bias)[i];
  }
  const ValueId bias_id = graph.add_constant(contraction.name + "#bias", std::move(sum));
  contraction.inputs.resize(3, kNoValue);
  contraction.inputs[2] = bias_id;
  return take_over(rewriter, target, node);
}

// x + c - c, as a zero point that is added and taken away again.
ValueId cancelled(Rewriter& rewriter, const Affine& affine) {
  const Node* inner = maker_in_new_graph(rewriter, rewriter.mapped(affine.x));
  const std::optional<Affine> other = as_affine(rewriter.to(), inner);
  if (affine.is_product || !other || other->is_product) return kNoValue;
  const FloatTensor& taken = *rewriter.from().value(affine.constant).floats();
  const FloatTensor& added = *rewriter.to().value(other->constant).floats();
  return taken.num_elements() == 1 && added.num_elements() == 1 && taken[0] == -added[0] ? other->x : kNoValue;
}

Result<ValueId> fold_affine_node(Rewriter& rewriter, const Node& node) {
  const std::optional<Affine> affine = as_affine(rewriter.from(), &node);
  if (!affine) return kNoValue;
  if (const ValueId x = cancelled(rewriter, *affine); x != kNoValue) return x;
  const FloatTensor& constant = *rewriter.from().value(affine->constant).floats();
  std::optional<Target> target = find_target(rewriter, affine->x, rewriter.mapped(affine->x));
  const auto is_factor = [](float c) { return std::isfinite(c) && c > 0; };
  if (!target && affine->is_product && constant.num_elements() > 1 && std::ranges::all_of(constant.data(), is_factor))
    target = find_target_of_factors(rewriter, affine->x, rewriter.mapped(affine->x));
  if (!target) return kNoValue;
  const auto values = values_per_channel(constant, rewriter.from().output_of(node).shape, *target);
  if (!values || values->empty()) return kNoValue;
  return affine->is_product ? fold_scaling(rewriter, node, *target, *values)
                            : fold_offset(rewriter, node, *target, *values);
}

// Conv(Pad(x)) with zeros around the spatial axes only.
Result<ValueId> fold_padding(Rewriter& rewriter, const Node& node) {
  const ValueId padded = rewriter.mapped(node.inputs[0]);
  const std::int32_t producer = rewriter.producer(padded);
  if (producer < 0) return kNoValue;
  const Node& source = rewriter.to().nodes[static_cast<size_t>(producer)];
  if (source.op != OpKind::kPad) return kNoValue;
  const auto& pad = source.as<ir::PadAttributes>();
  if (pad.value != 0 || pad.begin[0] != 0 || pad.end[0] != 0 || pad.begin[1] != 0 || pad.end[1] != 0) return kNoValue;
  auto conv = node.as<ir::ConvAttributes>();
  for (size_t i = 0; i < conv.pads_begin.size(); ++i) {
    conv.pads_begin[i] += pad.begin[i + 2];
    conv.pads_end[i] += pad.end[i + 2];
    if (std::max(conv.pads_begin[i], conv.pads_end[i]) > 1 << 24) return kNoValue;
  }
  std::vector<ValueId> inputs = rewriter.mapped(node.inputs);
  inputs[0] = source.inputs[0];
  return rewriter.emit(OpKind::kConv, node, std::move(inputs), std::move(conv));
}

}  // namespace

Result<ir::Graph> fold_affine(const ir::Graph& graph) {
  return rewrite(graph, [](Rewriter& rewriter, const Node& node) -> Result<ValueId> {
    if (node.op == OpKind::kMul || node.op == OpKind::kAdd) return fold_affine_node(rewriter, node);
    if (node.op == OpKind::kConv) return fold_padding(rewriter, node);
    return kNoValue;
  });
}

}  // namespace zkinfer::passes
