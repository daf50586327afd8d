// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

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

// The axis of the data input that a contraction sums over, when its weight is a constant that can absorb an affine map
// of that axis.
std::optional<size_t> absorbing_axis(const ir::Graph& graph, const Node& node) {
  if (node.op != OpKind::kConv && node.op != OpKind::kMatMul) return std::nullopt;
  const ir::Value& weight = graph.input_of(node, 1);
  if (weight.floats() == nullptr || graph.input_of(node, 0).is_constant()) return std::nullopt;
  if (node.has_input(2) && graph.input_of(node, 2).floats() == nullptr) return std::nullopt;
  if (node.op == OpKind::kConv) return size_t{1};
  if (weight.shape.rank() != 2) return std::nullopt;
  return graph.input_of(node, 0).shape.rank() - 1;
}

bool has_padding(const Node& node) {
  const auto* conv = std::get_if<ir::ConvAttributes>(&node.attributes);
  if (conv == nullptr) return false;
  const auto positive = [](int64_t pad) { return pad != 0; };
  return std::any_of(conv->pads_begin.begin(), conv->pads_begin.end(), positive) ||
         std::any_of(conv->pads_end.begin(), conv->pads_end.end(), positive);
}

// Weight and bias of a contraction while affine maps are absorbed. Weight element i belongs to input channel
// input_of(i) and output channel output_of(i).
struct Absorber {
  FloatTensor weight;
  std::vector<double> bias;  // one per output channel
  bool is_conv;
  size_t groups;

  size_t output_of(size_t i) const { return is_conv ? i / (weight.data().size() / bias.size()) : i % bias.size(); }
  size_t input_of(size_t i) const {
    if (!is_conv) return i / bias.size();
    const auto group_channels = static_cast<size_t>(weight.shape()[1]);
    const auto spatial = static_cast<size_t>(weight.shape().num_elements(2, weight.shape().rank()));
    return output_of(i) / (bias.size() / groups) * group_channels + i / spatial % group_channels;
  }
  // x -> x * factor
  void scale(const std::vector<float>& factors) {
    for (size_t i = 0; i < weight.data().size(); ++i) weight[i] *= factors[input_of(i)];
  }
  // x -> x + offset
  void shift(const std::vector<float>& offsets) {
    for (size_t i = 0; i < weight.data().size(); ++i)
      bias[output_of(i)] += static_cast<double>(weight[i]) * static_cast<double>(offsets[input_of(i)]);
  }
};

Absorber absorber_of(const ir::Graph& graph, const Node& node) {
  const FloatTensor& weight = *graph.input_of(node, 1).floats();
  const bool is_conv = node.op == OpKind::kConv;
  const auto outputs = static_cast<size_t>(is_conv ? weight.shape()[0] : weight.shape()[1]);
  Absorber absorber{weight, std::vector<double>(outputs, 0), is_conv,
                    is_conv ? static_cast<size_t>(node.as<ir::ConvAttributes>().groups) : 1};
  if (node.has_input(2))
    for (size_t i = 0; i < outputs; ++i) absorber.bias[i] = static_cast<double>((*graph.input_of(node, 2).floats())[i]);
  return absorber;
}

// For each value: do all its readers absorb it as their data input? `additions` also asks for no padding.
struct Readers {
  std::vector<bool> all_absorb, all_absorb_additions;
};

Readers classify(const ir::Graph& graph) {
  Readers readers{std::vector<bool>(graph.values.size(), true), std::vector<bool>(graph.values.size(), true)};
  const auto deny = [&](ValueId id, bool scaling_too) {
    readers.all_absorb_additions[static_cast<size_t>(id)] = false;
    if (scaling_too) readers.all_absorb[static_cast<size_t>(id)] = false;
  };
  for (const ValueId id : graph.outputs) deny(id, true);
  for (const Node& node : graph.nodes) {
    const bool absorbs = absorbing_axis(graph, node).has_value();
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (!node.has_input(i)) continue;
      if (i != 0 || !absorbs)
        deny(node.inputs[i], true);
      else if (has_padding(node))
        deny(node.inputs[i], false);
    }
  }
  return readers;
}

Result<ValueId> absorb(Rewriter& rewriter, const Node& node, const Readers& readers) {
  const ir::Graph& graph = rewriter.from();
  const std::optional<size_t> axis = absorbing_axis(graph, node);
  if (!axis) return kNoValue;
  std::optional<Absorber> absorber;
  bool shifted = false;
  ValueId x = node.inputs[0];
  while (true) {
    const std::optional<Affine> affine = as_affine(graph, rewriter.maker(x));
    if (!affine) break;
    // Inside a chain the value is read by the next affine operation only.
    const auto& allowed = affine->is_product ? readers.all_absorb : readers.all_absorb_additions;
    const bool readable = x == node.inputs[0] ? allowed[static_cast<size_t>(x)]
                                              : rewriter.used_once(x) && (affine->is_product || !has_padding(node));
    if (!readable) break;
    const auto values = per_channel(*graph.value(affine->constant).floats(), graph.value(x).shape, *axis);
    if (!values) break;
    if (!absorber) absorber = absorber_of(graph, node);
    if (affine->is_product) {
      absorber->scale(*values);
    } else {
      absorber->shift(*values);
      shifted = true;
    }
    x = affine->x;
  }
  if (!absorber) return kNoValue;
  std::vector<ValueId> inputs{rewriter.mapped(x), rewriter.constant(node, std::move(absorber->weight), "weight")};
  if (node.has_input(2) || shifted) {
    FloatTensor bias(Shape{static_cast<int64_t>(absorber->bias.size())});
    for (size_t i = 0; i < absorber->bias.size(); ++i) bias[i] = static_cast<float>(absorber->bias[i]);
    inputs.push_back(rewriter.constant(node, std::move(bias), "bias"));
  }
  return rewriter.emit(node.op, node, std::move(inputs), node.attributes);
}

// Transpose(x op c) = Transpose(x) op c', where c varies along one axis only, so that its elements keep their order.
Result<ValueId> sink(Rewriter& rewriter, const Node& node) {
  const ir::Graph& graph = rewriter.from();
  const Dims& perm = node.as<ir::TransposeAttributes>().perm;
  std::vector<Affine> chain;
  ValueId x = node.inputs[0];
  while (const std::optional<Affine> affine = as_affine(graph, rewriter.maker(x))) {
    const FloatTensor& constant = *graph.value(affine->constant).floats();
    const Shape& shape = constant.shape();
    const auto longer = std::count_if(shape.dims().begin(), shape.dims().end(), [](int64_t dim) { return dim != 1; });
    if (!rewriter.used_once(x) || longer > 1 || shape.rank() > perm.size()) break;
    chain.push_back(*affine);
    x = affine->x;
  }
  if (chain.empty()) return kNoValue;
  ZKI_ASSIGN_OR_RETURN(ValueId moved,
                       rewriter.emit(OpKind::kTranspose, node, {rewriter.mapped(x)}, node.attributes, "first"));
  for (size_t i = chain.size(); i-- > 0;) {
    const FloatTensor& constant = *graph.value(chain[i].constant).floats();
    Dims full = constant.shape().dims();
    full.insert(full.begin(), perm.size() - full.size(), 1);
    Dims dims;
    for (const int64_t axis : perm) dims.push_back(full[static_cast<size_t>(axis)]);
    const std::string step = i == 0 ? std::string() : "affine" + std::to_string(i);
    const ValueId operand =
        rewriter.constant(node, constant.reshaped(Shape(std::move(dims))), "constant" + std::to_string(i));
    // A number of the program text stays one, which changes a unit instead of being multiplied by.
    rewriter.to().value(operand).literal = graph.value(chain[i].constant).literal;
    ZKI_ASSIGN_OR_RETURN(
        moved, rewriter.emit(chain[i].is_product ? OpKind::kMul : OpKind::kAdd, node, {moved, operand}, {}, step));
  }
  return moved;
}

}  // namespace

Result<ir::Graph> sink_affine(const ir::Graph& graph) {
  return rewrite(graph, [](Rewriter& rewriter, const Node& node) -> Result<ValueId> {
    return node.op == OpKind::kTranspose ? sink(rewriter, node) : Result<ValueId>(kNoValue);
  });
}

Result<ir::Graph> fold_affine_into_next(const ir::Graph& graph) {
  const Readers readers = classify(graph);
  return rewrite(graph, [&readers](Rewriter& rewriter, const Node& node) { return absorb(rewriter, node, readers); });
}

}  // namespace zkinfer::passes
