// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "frontend/onnx/handlers.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::OpKind;

Result<Outputs> import_reduction(NodeContext& context, OpKind op, ir::ValueId data) {
  const std::size_t rank = context.shape(0).rank();
  ZKI_ASSIGN_OR_RETURN(const std::int64_t keepdims, context.int_attribute("keepdims", 1));
  ZKI_ASSIGN_OR_RETURN(const std::int64_t keep_if_empty, context.int_attribute("noop_with_empty_axes", 0));
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> listed, context.ints_attribute_or_input("axes", 1));
  ir::ReduceAttributes reduce;
  reduce.keepdims = keepdims != 0;
  if (listed && !listed->empty()) {
    ZKI_ASSIGN_OR_RETURN(reduce.axes, resolve_axes(*listed, rank));
  } else if (keep_if_empty != 0) {
    return one_output(context.add(OpKind::kIdentity, {data}));
  } else {
    for (std::size_t axis = 0; axis < rank; ++axis) reduce.axes.push_back(static_cast<std::int64_t>(axis));
  }
  return one_output(context.add(op, {data}, std::move(reduce)));
}

template <OpKind op>
Result<Outputs> import_reduce(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  return import_reduction(context, op, context.input(0));
}

Result<Outputs> import_reduce_sum_square(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(const ir::ValueId square,
                       context.add(OpKind::kMul, {context.input(0), context.input(0)}, {}, "square"));
  return import_reduction(context, OpKind::kReduceSum, square);
}

Result<Outputs> import_reduce_l1(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(const ir::ValueId magnitude, context.add(OpKind::kAbs, {context.input(0)}, {}, "abs"));
  return import_reduction(context, OpKind::kReduceSum, magnitude);
}

Status check_arg_max(const NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const std::int64_t last, context.int_attribute("select_last_index", 0));
  if (last != 0)
    return unsupported("select_last_index=1 | export with select_last_index=0 (the first of equal maxima)");
  return ok_status();
}

Result<Outputs> import_arg_max(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ir::ArgMaxAttributes arg_max;
  ZKI_ASSIGN_OR_RETURN(const std::int64_t keepdims, context.int_attribute("keepdims", 1));
  arg_max.keepdims = keepdims != 0;
  ZKI_ASSIGN_OR_RETURN(arg_max.axis, context.int_attribute("axis", 0));
  ZKI_ASSIGN_OR_RETURN(arg_max.axis, resolve_axis(arg_max.axis, context.shape(0).rank()));
  return one_output(context.add(OpKind::kArgMax, {context.input(0)}, arg_max));
}

// Before opset 13 the axes from `axis` on are one: softmax of the matrix [product before, product from axis].
Result<Outputs> import_softmax(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  const Shape x = context.shape(0);
  const bool coerces = context.opset() < 13;
  ZKI_ASSIGN_OR_RETURN(std::int64_t axis, context.int_attribute("axis", coerces ? 1 : -1));
  ZKI_ASSIGN_OR_RETURN(axis, resolve_axis(axis, x.rank()));
  if (!coerces || axis + 1 == static_cast<std::int64_t>(x.rank()))
    return one_output(context.add(OpKind::kSoftmax, {context.input(0)}, ir::SoftmaxAttributes{axis}));
  const auto split = static_cast<std::size_t>(axis);
  ZKI_ASSIGN_OR_RETURN(Shape matrix, Shape::make({x.num_elements(0, split), x.num_elements(split, x.rank())}));
  ZKI_ASSIGN_OR_RETURN(const ir::ValueId rows,
                       context.add(OpKind::kReshape, {context.input(0)}, ir::ReshapeAttributes{matrix}, "rows"));
  ZKI_ASSIGN_OR_RETURN(const ir::ValueId soft,
                       context.add(OpKind::kSoftmax, {rows}, ir::SoftmaxAttributes{1}, "softmax"));
  return one_output(context.add(OpKind::kReshape, {soft}, ir::ReshapeAttributes{x}));
}

constexpr std::string_view kReduceAttributes = "axes keepdims noop_with_empty_axes";

constexpr auto kHandlers = std::to_array<Handler>({
    {"ReduceMean", kReduceAttributes, no_check, import_reduce<OpKind::kReduceMean>},
    {"ReduceSum", kReduceAttributes, no_check, import_reduce<OpKind::kReduceSum>},
    {"ReduceMax", kReduceAttributes, no_check, import_reduce<OpKind::kReduceMax>},
    {"ReduceMin", kReduceAttributes, no_check, import_reduce<OpKind::kReduceMin>},
    {"ReduceProd", kReduceAttributes, no_check, import_reduce<OpKind::kReduceProd>},
    {"ReduceSumSquare", kReduceAttributes, no_check, import_reduce_sum_square},
    {"ReduceL1", kReduceAttributes, no_check, import_reduce_l1},
    {"ArgMax", "axis keepdims select_last_index", check_arg_max, import_arg_max},
    {"Softmax", "axis", no_check, import_softmax},
});

}  // namespace

std::span<const Handler> reduce_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
