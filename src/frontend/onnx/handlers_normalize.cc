// SPDX-License-Identifier: Apache-2.0
// Normalizations: sums, products, a square root and a division.
#include <array>
#include <limits>

#include "frontend/onnx/normalize.h"

namespace zkinfer::frontend_onnx {

using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

Normalized normalized(Build& b, ValueId x, Dims axes, float epsilon, bool centered) {
  Normalized result;
  if (centered) {
    result.mean = b.reduce(OpKind::kReduceMean, x, axes);
    x = b.sub(x, result.mean);
  }
  const ValueId variance = b.reduce(OpKind::kReduceMean, b.square(x), std::move(axes));
  result.deviation = b.function(ir::function("Sqrt"), b.add(variance, b.number(static_cast<double>(epsilon))));
  result.y = b.div(x, result.deviation);
  return result;
}

// Powers above the second differ too much in size: there the largest element is taken out first.
ValueId p_norm(Build& b, ValueId x, Dims axes, int64_t p) {
  if (p == 1) return b.reduce(OpKind::kReduceSum, b.abs(x), std::move(axes));
  if (p == 2) return b.function(ir::function("Sqrt"), b.reduce(OpKind::kReduceSum, b.square(x), std::move(axes)));
  const ValueId size = b.abs(x);
  const ValueId largest = b.reduce(OpKind::kReduceMax, size, axes);
  const ValueId above_zero = b.clip(largest, 1e-30F, std::numeric_limits<float>::infinity());
  const ValueId shares = b.div(size, above_zero);
  const ValueId sum =
      b.reduce(OpKind::kReduceSum, b.op(OpKind::kPow, {shares, b.number(static_cast<double>(p))}), std::move(axes));
  return b.mul(b.op(OpKind::kPow, {sum, b.number(1 / static_cast<double>(p))}), largest);
}

namespace {

Dims axes_from(size_t first, size_t rank) {
  Dims axes;
  for (size_t axis = first; axis < rank; ++axis) axes.push_back(static_cast<int64_t>(axis));
  return axes;
}

// A parameter per channel, to be broadcast against [N, C, ..].
ValueId per_channel(Build& b, ValueId parameter, size_t rank) {
  Dims dims(rank - 1, 1);
  if (b.ok()) dims[0] = b.shape(parameter).num_elements();
  return b.reshape(parameter, std::move(dims));
}

template <bool centered>
Result<Outputs> import_layer_normalization(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  const size_t rank = context.shape(0).rank();
  ZKI_ASSIGN_OR_RETURN(int64_t axis, context.int_attribute("axis", -1));
  ZKI_ASSIGN_OR_RETURN(axis, resolve_axis(axis, rank));
  ZKI_ASSIGN_OR_RETURN(const float epsilon, context.float_attribute("epsilon", 1e-5F));
  Build b(context);
  const Normalized n = normalized(b, context.input(0), axes_from(static_cast<size_t>(axis), rank), epsilon, centered);
  ValueId y = b.mul(n.y, context.input(1));
  if (context.has_input(2)) y = b.add(y, context.input(2));
  const bool more = context.proto().output_size() > 1;
  const ValueId inverse = more ? b.function(ir::function("Reciprocal"), n.deviation) : ir::kNoValue;
  // The simplified form of com.microsoft offers the inverse deviation as its second output.
  return centered ? b.outputs({y, n.mean, inverse}) : b.outputs({y, inverse});
}

// Statistics over everything but batch and channels.
Result<Outputs> import_instance_normalization(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(3));
  const size_t rank = context.shape(0).rank();
  if (rank < 3) return invalid_argument("input of shape " + context.shape(0).to_string() + ", expected [N, C, ..]");
  ZKI_ASSIGN_OR_RETURN(const float epsilon, context.float_attribute("epsilon", 1e-5F));
  Build b(context);
  const ValueId y = normalized(b, context.input(0), axes_from(2, rank), epsilon, true).y;
  return b.output(b.add(b.mul(y, per_channel(b, context.input(1), rank)), per_channel(b, context.input(2), rank)));
}

// Scale and bias are per group before opset 21, per channel from then on.
Result<Outputs> import_group_normalization(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(3));
  const Shape x = context.shape(0);
  ZKI_ASSIGN_OR_RETURN(const int64_t groups, context.int_attribute("num_groups", 0));
  ZKI_ASSIGN_OR_RETURN(const float epsilon, context.float_attribute("epsilon", 1e-5F));
  if (x.rank() < 2 || groups < 1 || x[1] % groups != 0)
    return invalid_argument("num_groups " + std::to_string(groups) + " for an input of shape " + x.to_string());
  Build b(context);
  const ValueId grouped = b.reshape(context.input(0), {x[0], groups, x.num_elements(1, x.rank()) / groups});
  ValueId y = normalized(b, grouped, {2}, epsilon, true).y;
  if (context.opset() < 21) {
    y = b.add(b.mul(y, b.reshape(context.input(1), {groups, 1})), b.reshape(context.input(2), {groups, 1}));
    return b.output(b.reshape(y, x.dims()));
  }
  y = b.reshape(y, x.dims());
  return b.output(
      b.add(b.mul(y, per_channel(b, context.input(1), x.rank())), per_channel(b, context.input(2), x.rank())));
}

Result<Outputs> import_lp_normalization(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(int64_t axis, context.int_attribute("axis", -1));
  ZKI_ASSIGN_OR_RETURN(axis, resolve_axis(axis, context.shape(0).rank()));
  ZKI_ASSIGN_OR_RETURN(const int64_t p, context.int_attribute("p", 2));
  if (p != 1 && p != 2) return corrupt("p is " + std::to_string(p) + ", expected 1 or 2");
  Build b(context);
  const ValueId x = context.input(0);
  ValueId norm = b.reduce(OpKind::kReduceSum, p == 1 ? b.op(OpKind::kAbs, {x}) : b.square(x), {axis});
  // Zeros over a norm of zero are zeros.
  norm = b.clip(norm, 1e-37F, std::numeric_limits<float>::infinity());
  return b.output(b.div(x, p == 1 ? norm : b.function(ir::function("Sqrt"), norm)));
}

Result<Outputs> import_mean_variance_normalization(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> listed, context.ints_attribute("axes"));
  ZKI_ASSIGN_OR_RETURN(Dims axes, resolve_axes(listed.value_or(Dims{0, 2, 3}), context.shape(0).rank()));
  Build b(context);
  // The definition adds 1e-9 to the deviation.
  return b.output(normalized(b, context.input(0), std::move(axes), 1e-18F, true).y);
}

// x / (bias + alpha * mean of squares over neighbouring channels) ^ beta; a window of the mean counts missing channels as 0.
Result<Outputs> import_lrn(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  const Shape x = context.shape(0);
  ZKI_ASSIGN_OR_RETURN(const int64_t size, context.int_attribute("size", 0));
  ZKI_ASSIGN_OR_RETURN(const float alpha, context.float_attribute("alpha", 1e-4F));
  ZKI_ASSIGN_OR_RETURN(const float beta, context.float_attribute("beta", 0.75F));
  ZKI_ASSIGN_OR_RETURN(const float bias, context.float_attribute("bias", 1));
  if (x.rank() < 3 || size < 1 || size > 2 * x[1] + 1)
    return invalid_argument("size " + std::to_string(size) + " for an input of shape " + x.to_string());
  Build b(context);
  const ValueId squares = b.reshape(b.square(context.input(0)), {x[0], 1, x[1], x.num_elements(2, x.rank())});
  const ir::PoolAttributes window{{size, 1}, {1, 1}, {1, 1}, {(size - 1) / 2, 0}, {size / 2, 0}, true};
  const ValueId mean = b.reshape(b.op(OpKind::kAveragePool, {squares}, window), x.dims());
  const ValueId base = b.add(b.mul(mean, b.number(static_cast<double>(alpha))), b.number(static_cast<double>(bias)));
  return b.output(b.mul(context.input(0), b.op(OpKind::kPow, {base, b.number(-static_cast<double>(beta))})));
}

// Before opset 13 the axes from `axis` on are one.
Result<Outputs> import_log_softmax(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(const RowsView view, rows_view(context));
  Build b(context);
  const ValueId x = b.reshape(context.input(0), view.dims);
  const ValueId shifted = b.sub(x, b.reduce(OpKind::kReduceMax, x, {view.axis}));
  const ValueId sum = b.reduce(OpKind::kReduceSum, b.function(ir::function("Exp"), shifted), {view.axis});
  return b.output(b.reshape(b.sub(shifted, b.function(ir::function("Log"), sum)), context.shape(0).dims()));
}

// 1 at the first maximum, 0 elsewhere.
Result<Outputs> import_hardmax(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  const Shape shape = context.shape(0);
  ZKI_ASSIGN_OR_RETURN(const RowsView view, rows_view(context));
  Build b(context);
  const ValueId x = b.reshape(context.input(0), view.dims);
  const ValueId best = b.op(OpKind::kArgMax, {x}, ir::ArgMaxAttributes{view.axis, true});
  Dims dims(view.dims.size() - static_cast<size_t>(view.axis), 1);
  dims[0] = view.dims[static_cast<size_t>(view.axis)];
  const ValueId hit = b.op(OpKind::kEqual, {best, b.counted(Shape(dims))});
  return b.output(b.reshape(b.cast(hit, ir::DataType::kFloat), shape.dims()));
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"LayerNormalization", "axis epsilon stash_type", no_check, import_layer_normalization<true>},
    {"RMSNormalization", "axis epsilon stash_type", no_check, import_layer_normalization<false>},
    // What ONNX Runtime writes into the default domain.
    {"SimplifiedLayerNormalization", "axis epsilon stash_type", no_check, import_layer_normalization<false>},
    {"InstanceNormalization", "epsilon", no_check, import_instance_normalization},
    {"GroupNormalization", "epsilon num_groups stash_type", no_check, import_group_normalization},
    {"LpNormalization", "axis p", no_check, import_lp_normalization},
    {"MeanVarianceNormalization", "axes", no_check, import_mean_variance_normalization},
    {"LRN", "alpha beta bias size", no_check, import_lrn},
    {"LogSoftmax", "axis", no_check, import_log_softmax},
    {"Hardmax", "axis", no_check, import_hardmax},
});

}  // namespace

Result<RowsView> rows_view(const NodeContext& context) {
  const Shape& x = context.graph().value(context.input(0)).shape;
  const bool coerces = context.opset() < 13;
  ZKI_ASSIGN_OR_RETURN(int64_t axis, context.int_attribute("axis", coerces ? 1 : -1));
  ZKI_ASSIGN_OR_RETURN(axis, resolve_axis(axis, x.rank()));
  if (!coerces || axis + 1 == static_cast<int64_t>(x.rank())) return RowsView{x.dims(), axis};
  const auto split = static_cast<size_t>(axis);
  return RowsView{{x.num_elements(0, split), x.num_elements(split, x.rank())}, 1};
}

std::span<const Handler> normalize_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
