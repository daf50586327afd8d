// SPDX-License-Identifier: Apache-2.0
#include "ir/whole.h"

#include <algorithm>
#include <cmath>

#include "ir/functions.h"

namespace zkinfer::ir {

namespace {

bool is_whole(float x) { return std::isfinite(x) && std::floor(x) == x; }

bool is_whole(const Value& value) {
  if (value.dtype != DataType::kFloat) return true;
  const FloatTensor* floats = value.floats();
  return floats != nullptr &&
         std::all_of(floats->data().begin(), floats->data().end(), [](float x) { return is_whole(x); });
}

// Whole inputs give whole outputs.
bool keeps_whole(const Node& node) {
  switch (node.op) {
    case OpKind::kIdentity:
    case OpKind::kAdd:
    case OpKind::kSub:
    case OpKind::kMul:
    case OpKind::kMod:
    case OpKind::kMax:
    case OpKind::kMin:
    case OpKind::kNeg:
    case OpKind::kAbs:
    case OpKind::kRelu:
    case OpKind::kCast:
    case OpKind::kWhere:
    case OpKind::kConv:
    case OpKind::kMatMul:
    case OpKind::kMaxPool:
    case OpKind::kGlobalMaxPool:
    case OpKind::kReduceSum:
    case OpKind::kReduceMax:
    case OpKind::kReduceMin:
    case OpKind::kReduceProd:
    case OpKind::kReshape:
    case OpKind::kTranspose:
    case OpKind::kSlice:
    case OpKind::kConcat:
    case OpKind::kGather:
    case OpKind::kExpand:
    case OpKind::kTile: return true;
    case OpKind::kPad: return is_whole(node.as<PadAttributes>().value);
    case OpKind::kClip: {
      const auto& clip = node.as<ClipAttributes>();
      return (std::isinf(clip.min) || is_whole(clip.min)) && (std::isinf(clip.max) || is_whole(clip.max));
    }
    default: return false;
  }
}

}  // namespace

std::vector<bool> whole_numbers(const Graph& graph) {
  std::vector<bool> whole(graph.values.size());
  for (std::size_t i = 0; i < whole.size(); ++i) whole[i] = is_whole(graph.values[i]);
  for (const Node& node : graph.nodes) {
    const bool rounds = node.op == OpKind::kFunction && row_of(node.as<FunctionAttributes>().function).whole;
    const bool all_whole = std::all_of(node.inputs.begin(), node.inputs.end(), [&](ValueId id) {
      return id == kNoValue || whole[static_cast<std::size_t>(id)];
    });
    if (rounds || (all_whole && keeps_whole(node))) whole[static_cast<std::size_t>(node.output)] = true;
  }
  return whole;
}

}  // namespace zkinfer::ir
