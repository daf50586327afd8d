// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <vector>

#include "ir/functions.h"
#include "ir/whole.h"
#include "passes/rewriter.h"
#include "passes/rewrites.h"

namespace zkinfer::passes {

namespace {

using ir::kNoValue;
using ir::Node;
using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

// The new node that makes a new value, when it has that operator.
const Node* made_by(Rewriter& rewriter, ValueId value, OpKind op) {
  const std::int32_t producer = rewriter.producer(value);
  if (producer < 0) return nullptr;
  const Node& node = rewriter.to().nodes[static_cast<size_t>(producer)];
  return node.op == op ? &node : nullptr;
}

Result<ValueId> as_reshape(Rewriter& rewriter, const Node& node, ValueId x) {
  const Shape shape = rewriter.from().output_of(node).shape;
  while (const Node* inner = made_by(rewriter, x, OpKind::kReshape)) x = inner->inputs[0];
  if (rewriter.to().value(x).shape == shape) return x;
  return rewriter.emit(OpKind::kReshape, node, {x}, ir::ReshapeAttributes{shape});
}

// Keeps the order of elements: axes longer than 1 stay in order.
bool moves_nothing(const Dims& perm, const Shape& x) {
  int64_t last = -1;
  for (const int64_t axis : perm) {
    if (x[static_cast<size_t>(axis)] == 1) continue;
    if (axis < last) return false;
    last = axis;
  }
  return true;
}

Result<ValueId> simplify_transpose(Rewriter& rewriter, const Node& node) {
  ValueId x = rewriter.mapped(node.inputs[0]);
  Dims perm = node.as<ir::TransposeAttributes>().perm;
  bool changed = false;
  while (const Node* inner = made_by(rewriter, x, OpKind::kTranspose)) {
    for (int64_t& axis : perm) axis = inner->as<ir::TransposeAttributes>().perm[static_cast<size_t>(axis)];
    x = inner->inputs[0];
    changed = true;
  }
  if (moves_nothing(perm, rewriter.to().value(x).shape)) return as_reshape(rewriter, node, x);
  if (!changed) return kNoValue;
  return rewriter.emit(OpKind::kTranspose, node, {x}, ir::TransposeAttributes{std::move(perm)});
}

// Clip(Clip(x)) and Clip(Relu(x)) are one Clip when the bounds are in order; Clip to [0, inf) is Relu.
Result<ValueId> simplify_clip(Rewriter& rewriter, const Node& node) {
  ir::ClipAttributes clip = node.as<ir::ClipAttributes>();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  ValueId x = rewriter.mapped(node.inputs[0]);
  bool changed = false;
  const auto merge = [&](const Node& inner, float min, float max) {
    clip.min = std::max(clip.min, min);
    clip.max = std::max(std::min(clip.max, max), clip.min);
    x = inner.inputs[0];
    changed = true;
  };
  if (clip.min > clip.max) clip.min = clip.max;  // the upper bound is applied last
  while (true) {
    if (const Node* inner = made_by(rewriter, x, OpKind::kRelu)) {
      if (clip.max < 0) break;
      merge(*inner, 0, kInfinity);
    } else if (const Node* other = made_by(rewriter, x, OpKind::kClip)) {
      const auto& bounds = other->as<ir::ClipAttributes>();
      if (bounds.min > bounds.max || bounds.min > clip.max || bounds.max < clip.min) break;
      merge(*other, bounds.min, bounds.max);
    } else {
      break;
    }
  }
  if (clip.min == -kInfinity && clip.max == kInfinity) return x;
  if (clip.min == 0 && clip.max == kInfinity) return rewriter.emit(OpKind::kRelu, node, {x});
  if (!changed && clip == node.as<ir::ClipAttributes>()) return kNoValue;
  return rewriter.emit(OpKind::kClip, node, {x}, clip);
}

// x + 0 and x * 1.
Result<ValueId> simplify_neutral(Rewriter& rewriter, const Node& node, float neutral) {
  for (const size_t side : {size_t{0}, size_t{1}}) {
    const FloatTensor* constant = rewriter.from().input_of(node, side).floats();
    const ValueId other = node.inputs[1 - side];
    if (constant == nullptr || rewriter.from().value(other).shape != rewriter.from().output_of(node).shape) continue;
    if (std::all_of(constant->data().begin(), constant->data().end(), [neutral](float x) { return x == neutral; }))
      return rewriter.mapped(other);
  }
  return kNoValue;
}

bool all_equal(const Dims& dims, int64_t x) {
  return std::all_of(dims.begin(), dims.end(), [x](int64_t dim) { return dim == x; });
}

Result<ValueId> simplify_node(Rewriter& rewriter, const Node& node) {
  const Shape& x = rewriter.from().input_of(node, 0).shape;
  const Shape& y = rewriter.from().output_of(node).shape;
  switch (node.op) {
    case OpKind::kReshape: return as_reshape(rewriter, node, rewriter.mapped(node.inputs[0]));
    case OpKind::kTranspose: return simplify_transpose(rewriter, node);
    case OpKind::kClip: return simplify_clip(rewriter, node);
    case OpKind::kAdd: return simplify_neutral(rewriter, node, 0);
    case OpKind::kMul: return simplify_neutral(rewriter, node, 1);
    case OpKind::kSlice:
      if (x == y && all_equal(node.as<ir::SliceAttributes>().steps, 1)) return rewriter.mapped(node.inputs[0]);
      return kNoValue;
    case OpKind::kPad:
    case OpKind::kConcat:
      if (x == y && (node.op != OpKind::kConcat || node.inputs.size() == 1)) return rewriter.mapped(node.inputs[0]);
      return kNoValue;
    case OpKind::kReduceMean:
    case OpKind::kReduceSum:
    case OpKind::kReduceMax:
      if (x.num_elements() == y.num_elements()) return as_reshape(rewriter, node, rewriter.mapped(node.inputs[0]));
      return kNoValue;
    case OpKind::kMaxPool:
    case OpKind::kAveragePool:
      if (x == y && all_equal(node.as<ir::PoolAttributes>().kernel, 1)) return rewriter.mapped(node.inputs[0]);
      return kNoValue;
    default: return kNoValue;
  }
}

}  // namespace

Result<ir::Graph> simplify(const ir::Graph& graph) {
  const std::vector<bool> whole = ir::whole_numbers(graph);
  return rewrite(graph, [&](Rewriter& rewriter, const Node& node) -> Result<ValueId> {
    // Whole numbers are as Round leaves them: two QuantizeLinear of one scale.
    if (node.op == OpKind::kFunction && node.as<ir::FunctionAttributes>().function == ir::function("Round") &&
        whole[ir::index_of(node.inputs[0])])
      return rewriter.mapped(node.inputs[0]);
    return simplify_node(rewriter, node);
  });
}

}  // namespace zkinfer::passes
