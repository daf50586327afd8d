// SPDX-License-Identifier: Apache-2.0
// A positive factor right before a rounding to whole numbers moves up, to the sum, product or quotient that made the number: c Relu(x) = Relu(c x). Then
// sum, factor and rounding are one step, and nothing is rounded twice: the layers of quantized models, whose QuantizeLinear stands
// behind Relu or a pool.
#include <algorithm>
#include <cmath>
#include <optional>

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

// Of a product, a quotient or a product with a matrix of the program text: the one operand that takes the factor.
std::optional<size_t> linear_operand(const Rewriter& rewriter, const Node& node) {
  const ir::Graph& graph = rewriter.from();
  const auto is_matrix = [&](size_t i) {
    return graph.input_of(node, i).is_constant() && graph.input_of(node, i).literal;
  };
  switch (node.op) {
    case OpKind::kDiv: return graph.input_of(node, 1).is_constant() ? std::nullopt : std::optional<size_t>(0);
    case OpKind::kMul:
      if (graph.input_of(node, 1).is_constant()) return 1;
      if (graph.input_of(node, 0).is_constant()) return 0;
      // A factor joins another; elsewhere it only changes the unit.
      return positive_factor(graph, rewriter.maker(node.inputs[1])) ? 1 : 0;
    case OpKind::kMatMul:
      if (node.has_input(2)) return std::nullopt;
      return is_matrix(0) ? std::optional<size_t>(1) : is_matrix(1) ? std::optional<size_t>(0) : std::nullopt;
    default: return std::nullopt;
  }
}

// Two scales of a model that are the same give 1, not a neighbour of it; as for all powers of two.
float snapped(float factor) {
  const float power = std::exp2(std::nearbyint(std::log2(factor)));
  return std::abs(factor / power - 1) < 1e-6F ? power : factor;
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
    const ValueId product = rewriter.literal(*maker, snapped(inner->number * number), "scaled_factor");
    return rewriter.emit(OpKind::kMul, *maker, {rewriter.mapped(inner->x), product}, {}, "scaled");
  }
  const auto is_real = [&](ValueId id) {
    return id != kNoValue && (!graph.value(id).is_constant() || graph.value(id).floats() != nullptr);
  };
  const std::optional<size_t> linear = own ? linear_operand(rewriter, *maker) : std::nullopt;
  if (linear && is_real(maker->inputs[*linear])) {
    std::vector<ValueId> inputs = maker->inputs;
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (i != *linear) {
        inputs[i] = rewriter.mapped(inputs[i]);
        continue;
      }
      ZKI_ASSIGN_OR_RETURN(inputs[i], scaled(rewriter, inputs[i], number, depth + 1));
    }
    return rewriter.emit(maker->op, *maker, std::move(inputs), maker->attributes, "scaled");
  }
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

// Of what is put together or chosen from several tensors, or the larger of two, each is rounded in its own units.
Result<ValueId> round_each(Rewriter& rewriter, const Node& node, const Factor& factor) {
  const Node& maker = *rewriter.maker(factor.x);
  std::vector<ValueId> inputs;
  for (const ValueId id : maker.inputs) {
    ValueId x = rewriter.mapped(id);
    if (maker.op == OpKind::kWhere && inputs.empty()) {  // the condition
      inputs.push_back(x);
      continue;
    }
    if (factor.number != 1) {
      ZKI_ASSIGN_OR_RETURN(x, scaled(rewriter, id, factor.number, 0));
    }
    ZKI_ASSIGN_OR_RETURN(x, rewriter.emit(node.op, node, {x}, node.attributes, "part" + std::to_string(inputs.size())));
    inputs.push_back(x);
  }
  return rewriter.emit(maker.op, node, std::move(inputs), maker.attributes);
}

Result<ValueId> scale_early_node(Rewriter& rewriter, const Node& node) {
  const auto* function = std::get_if<ir::FunctionAttributes>(&node.attributes);
  if (node.op != OpKind::kFunction || !ir::row_of(function->function).whole) return kNoValue;
  const ValueId rounded = node.inputs[0];
  if (!rewriter.used_once(rounded)) return kNoValue;
  const std::optional<Factor> factor = positive_factor(rewriter.from(), rewriter.maker(rounded));
  if (function->function == ir::function("Round")) {
    const Factor whole = factor.value_or(Factor{rounded, 1});
    const Node* parts = rewriter.maker(whole.x);
    const auto is_computed = [&](ValueId id) { return !rewriter.from().value(id).is_constant(); };
    if (parts != nullptr && rewriter.used_once(whole.x) &&
        (parts->op == OpKind::kConcat || parts->op == OpKind::kMax || parts->op == OpKind::kWhere) &&
        std::all_of(parts->inputs.begin(), parts->inputs.end(), is_computed))
      return round_each(rewriter, node, whole);
  }
  if (!factor) return kNoValue;
  const Node* maker = rewriter.maker(factor->x);
  if (maker == nullptr || !rewriter.used_once(factor->x) ||
      !(is_homogeneous(*maker) || linear_operand(rewriter, *maker)))
    return kNoValue;
  ZKI_ASSIGN_OR_RETURN(const ValueId x, scaled(rewriter, factor->x, factor->number, 0));
  return rewriter.emit(node.op, node, {x}, node.attributes);
}

}  // namespace

Result<ir::Graph> scale_early(const ir::Graph& graph) { return rewrite(graph, scale_early_node); }

}  // namespace zkinfer::passes
