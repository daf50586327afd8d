// SPDX-License-Identifier: Apache-2.0
// A positive factor right before a rounding to whole numbers moves up, to the sum that made the number: c Relu(x) = Relu(c x). Then
// sum, factor and rounding are one step, and nothing is rounded twice: the layers of quantized models, whose QuantizeLinear stands
// behind Relu or a pool.
#include "ir/functions.h"
#include "passes/rewriter.h"
#include "passes/rewrites.h"

namespace zkinfer::passes {

namespace {

using ir::kNoValue;
using ir::Node;
using ir::OpKind;
using ir::ValueId;
using std::size_t;

constexpr int kMostDepth = 64;

// The one number of the program text that a value is multiplied by, and that value.
struct Factor {
  ValueId x = kNoValue;
  float number = 0;
};

std::optional<Factor> positive_factor(const ir::Graph& graph, const Node* node) {
  if (node == nullptr || node->op != OpKind::kMul) return std::nullopt;
  for (const size_t side : {size_t{0}, size_t{1}}) {
    const ir::Value& constant = graph.input_of(*node, side);
    const ir::Value& x = graph.input_of(*node, 1 - side);
    const FloatTensor* number = constant.floats();
    if (number == nullptr || !constant.literal || number->num_elements() != 1 || !((*number)[0] > 0)) continue;
    if (!x.is_constant() && x.shape == graph.output_of(*node).shape)
      return Factor{node->inputs[1 - side], (*number)[0]};
  }
  return std::nullopt;
}

// f(c x, c y) = c f(x, y) for c > 0.
bool is_homogeneous(const Node& node) {
  switch (node.op) {
    case OpKind::kRelu:
    case OpKind::kLeakyRelu:
    case OpKind::kClip:  // with its bounds
    case OpKind::kMaxPool:
    case OpKind::kAveragePool:
    case OpKind::kReduceMax:
    case OpKind::kReduceMean:
    case OpKind::kReduceSum:
    case OpKind::kReshape:
    case OpKind::kTranspose:
    case OpKind::kSlice:
    case OpKind::kConcat:
    case OpKind::kAdd:
    case OpKind::kSub: return true;
    case OpKind::kPad: return node.as<ir::PadAttributes>().value == 0;
    default: return false;
  }
}

// number * old, as new nodes in place of those that make it.
Result<ValueId> scaled(Rewriter& rewriter, ValueId old, float number, int depth) {
  const ir::Graph& graph = rewriter.from();
  const ir::Value& value = graph.value(old);
  if (value.is_constant()) {
    FloatTensor product = *value.floats();
    for (float& x : product.data()) x *= number;
    const ValueId id = rewriter.to().add_constant(value.name + "#scaled", std::move(product));
    rewriter.to().value(id).literal = value.literal;
    return id;
  }
  const Node* maker = rewriter.maker(old);
  const bool own = maker != nullptr && depth < kMostDepth && rewriter.used_once(old);
  if (const std::optional<Factor> inner = positive_factor(graph, maker); own && inner) {
    const ValueId product = rewriter.literal(*maker, inner->number * number, "scaled_factor");
    return rewriter.emit(OpKind::kMul, *maker, {rewriter.mapped(inner->x), product}, {}, "scaled");
  }
  const auto is_real = [&](ValueId id) {
    return id != kNoValue && (!graph.value(id).is_constant() || graph.value(id).floats() != nullptr);
  };
  if (!own || !is_homogeneous(*maker) || !std::all_of(maker->inputs.begin(), maker->inputs.end(), is_real)) {
    Node source;
    source.name = value.name;
    source.output = old;
    return rewriter.emit(OpKind::kMul, source, {rewriter.mapped(old), rewriter.literal(source, number, "factor")}, {},
                         "scaled");
  }
  std::vector<ValueId> inputs;
  for (const ValueId id : maker->inputs) {
    ZKI_ASSIGN_OR_RETURN(const ValueId input, scaled(rewriter, id, number, depth + 1));
    inputs.push_back(input);
  }
  ir::Attributes attributes = maker->attributes;
  if (auto* clip = std::get_if<ir::ClipAttributes>(&attributes)) *clip = {clip->min * number, clip->max * number};
  return rewriter.emit(maker->op, *maker, std::move(inputs), std::move(attributes), "scaled");
}

Result<ValueId> scale_early_node(Rewriter& rewriter, const Node& node) {
  const auto* function = std::get_if<ir::FunctionAttributes>(&node.attributes);
  if (node.op != OpKind::kFunction || !ir::row_of(function->function).whole) return kNoValue;
  const ValueId rounded = node.inputs[0];
  if (!rewriter.used_once(rounded)) return kNoValue;
  const std::optional<Factor> factor = positive_factor(rewriter.from(), rewriter.maker(rounded));
  if (!factor) return kNoValue;
  const Node* maker = rewriter.maker(factor->x);
  if (maker == nullptr || !rewriter.used_once(factor->x) || !is_homogeneous(*maker)) return kNoValue;
  ZKI_ASSIGN_OR_RETURN(const ValueId x, scaled(rewriter, factor->x, factor->number, 0));
  return rewriter.emit(node.op, node, {x}, node.attributes);
}

}  // namespace

Result<ir::Graph> scale_early(const ir::Graph& graph) { return rewrite(graph, scale_early_node); }

}  // namespace zkinfer::passes
