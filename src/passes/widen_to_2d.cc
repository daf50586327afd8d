// SPDX-License-Identifier: Apache-2.0
#include "passes/rewriter.h"
#include "passes/rewrites.h"

namespace zkinfer::passes {

namespace {

using ir::Node;
using ir::OpKind;
using ir::ValueId;

// [a, b, length] -> [a, b, 1, length].
Shape with_height(const Shape& shape) { return Shape{shape[0], shape[1], 1, shape[2]}; }

void prepend(Dims& dims, std::int64_t first) { dims.insert(dims.begin(), first); }

ir::Attributes widened(const Node& node) {
  if (node.op == OpKind::kConv) {
    auto conv = node.as<ir::ConvAttributes>();
    for (Dims* dims : {&conv.strides, &conv.dilations}) prepend(*dims, 1);
    for (Dims* dims : {&conv.pads_begin, &conv.pads_end}) prepend(*dims, 0);
    return conv;
  }
  auto pool = node.as<ir::PoolAttributes>();
  for (Dims* dims : {&pool.kernel, &pool.strides, &pool.dilations}) prepend(*dims, 1);
  for (Dims* dims : {&pool.pads_begin, &pool.pads_end}) prepend(*dims, 0);
  return pool;
}

}  // namespace

Result<ir::Graph> widen_to_2d(const ir::Graph& graph) {
  return rewrite(graph, [](Rewriter& rewriter, const Node& node) -> Result<ValueId> {
    const bool sliding = node.op == OpKind::kConv || node.op == OpKind::kMaxPool || node.op == OpKind::kAveragePool;
    if (!sliding || rewriter.from().input_of(node, 0).shape.rank() != 3) return ir::kNoValue;
    std::vector<ValueId> inputs = rewriter.mapped(node.inputs);
    const auto widen = [&](std::size_t i, std::string_view step) -> Status {
      ZKI_ASSIGN_OR_RETURN(
          inputs[i], rewriter.emit(OpKind::kReshape, node, {inputs[i]},
                                   ir::ReshapeAttributes{with_height(rewriter.from().input_of(node, i).shape)}, step));
      return ok_status();
    };
    ZKI_RETURN_IF_ERROR(widen(0, "x"));
    if (node.op == OpKind::kConv) ZKI_RETURN_IF_ERROR(widen(1, "w"));
    ZKI_ASSIGN_OR_RETURN(const ValueId wide, rewriter.emit(node.op, node, std::move(inputs), widened(node), "2d"));
    return rewriter.emit(OpKind::kReshape, node, {wide}, ir::ReshapeAttributes{rewriter.from().output_of(node).shape});
  });
}

}  // namespace zkinfer::passes
