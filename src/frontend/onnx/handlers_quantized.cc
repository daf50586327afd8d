// SPDX-License-Identifier: Apache-2.0
// QuantizeLinear and its kind, of the default domain.
#include <array>

#include "frontend/onnx/quantized.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::DataType;
using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

constexpr ir::IntegerRange kInt32{-(int64_t{1} << 31), (int64_t{1} << 31) - 1};

Result<Granularity> read_granularity(const NodeContext& context) {
  Granularity granularity;
  ZKI_ASSIGN_OR_RETURN(granularity.axis, context.int_attribute("axis", 1));
  ZKI_ASSIGN_OR_RETURN(granularity.block, context.int_attribute("block_size", 0));
  if (granularity.block < 0) return corrupt("block_size " + std::to_string(granularity.block));
  return granularity;
}

Result<Outputs> import_quantize(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  ZKI_ASSIGN_OR_RETURN(const Granularity granularity, read_granularity(context));
  ZKI_ASSIGN_OR_RETURN(const int64_t output_type, context.int_attribute("output_dtype", 0));
  ir::IntegerRange range = range_of(context, context.input(2));
  if (output_type != 0) {
    const auto type = static_cast<std::int32_t>(std::min<int64_t>(std::max<int64_t>(output_type, 0), 64));
    const std::optional<ir::IntegerRange> asked = declared_range(type);
    if (!asked) return unsupported("quantization to " + element_type_name(type));
    range = *asked;
  }
  const Shape x = context.shape(0);
  const bool is_public = !context.value(0).is_constant();
  Build b(context);
  const ValueId scale = aligned(b, context.input(1), x, granularity, is_public);
  const ValueId zero = aligned(b, context.input(2), x, granularity, is_public);
  const ValueId scaled = b.div(b.cast(context.input(0), DataType::kFloat), scale);
  ZKI_ASSIGN_OR_RETURN(Outputs outputs, b.output(saturated(b, context, scaled, zero, range)));
  context.graph().value(outputs[0]).declared = range;
  return outputs;
}

Result<Outputs> import_dequantize(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  ZKI_ASSIGN_OR_RETURN(const Granularity granularity, read_granularity(context));
  const Shape x = context.shape(0);
  const bool is_public = !context.value(0).is_constant();
  Build b(context);
  const ValueId zero = aligned(b, context.input(2), x, granularity, is_public);
  const ValueId scale = aligned(b, context.input(1), x, granularity, is_public);
  return b.output(b.mul(centered(b, context.input(0), zero), scale));
}

// y = scaled from the smallest and largest input to 0..255.
Result<Outputs> import_dynamic_quantize(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  const ValueId x = context.input(0);
  Dims all;
  for (size_t i = 0; i < context.shape(0).rank(); ++i) all.push_back(static_cast<int64_t>(i));
  Build b(context);
  const float infinity = std::numeric_limits<float>::infinity();
  const ValueId most = b.clip(b.reduce(OpKind::kReduceMax, x, all, false), 0, infinity);
  const ValueId least = b.clip(b.reduce(OpKind::kReduceMin, x, all, false), -infinity, 0);
  const ValueId scale = b.div(b.sub(most, least), b.number(255));
  const ir::IntegerRange uint8{0, 255};
  const ValueId zero = saturated(b, context, b.div(b.negate(least), scale), ir::kNoValue, uint8);
  const ValueId y = saturated(b, context, b.div(x, scale), zero, uint8);
  ZKI_ASSIGN_OR_RETURN(Outputs outputs, b.outputs({y, scale, zero}));
  for (const size_t i : {size_t{0}, size_t{2}})
    if (outputs[i] != ir::kNoValue) context.graph().value(outputs[i]).declared = uint8;
  return outputs;
}

// A zero point or scale per row of the left operand is a column vector.
ValueId per_row(Build& b, ValueId parameter, const Shape& a) {
  if (parameter == ir::kNoValue || !b.ok()) return parameter;
  const Shape p = b.shape(parameter);
  return p.num_elements() == 1            ? b.reshape(parameter, {})
         : p.rank() == 1 && a.rank() >= 2 ? b.reshape(parameter, {p[0], 1})
                                          : parameter;
}

// Numbers of activations are public, those of constant weights are not told apart from the weights.
ValueId opened(Build& b, ValueId parameter) {
  const ir::Value* constant = b.constant(parameter);
  if (constant == nullptr || constant->literal) return parameter;
  const AnyTensor copy = *constant->constant;
  return b.literal(copy, b.dtype(parameter));
}

// The product of two centered operands; vectors count as in MatMul.
ValueId product(Build& b, ValueId left, ValueId right) {
  if (!b.ok()) return ir::kNoValue;
  const Shape l = b.shape(left);
  const Shape r = b.shape(right);
  if (l.rank() == 0 || r.rank() == 0) {
    b.fail(invalid_argument("an operand is a scalar"));
    return ir::kNoValue;
  }
  if (l.rank() == 1) left = b.reshape(left, {1, l[0]});
  if (r.rank() == 1) right = b.reshape(right, {r[0], 1});
  const ValueId full = b.matmul(left, right);
  if (l.rank() > 1 && r.rank() > 1) return full;
  Dims dims = b.shape(full).dims();
  if (!b.ok()) return full;
  if (r.rank() == 1) dims.pop_back();
  if (l.rank() == 1) dims.erase(dims.end() - (r.rank() == 1 ? 1 : 2));
  return b.reshape(full, std::move(dims));
}

Result<Outputs> as_int32(Build& b, NodeContext& context, ValueId x) {
  ZKI_ASSIGN_OR_RETURN(Outputs outputs, b.output(b.cast(x, DataType::kInt64)));
  context.graph().value(outputs[0]).declared = kInt32;
  return outputs;
}

Result<Outputs> import_matmul_integer(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  Build b(context);
  const ValueId left = centered(b, context.input(0), per_row(b, opened(b, context.input(2)), context.shape(0)));
  const ValueId right = centered(b, context.input(1), context.input(3));
  return as_int32(b, context, product(b, left, right));
}

Result<Outputs> import_qlinear_matmul(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(8));
  Build b(context);
  const ValueId left = centered(b, context.input(0), per_row(b, opened(b, context.input(2)), context.shape(0)));
  const ValueId right = centered(b, context.input(3), context.input(5));
  const ValueId scales = b.mul(per_row(b, context.input(1), context.shape(0)), context.input(4));
  const ValueId factor = opened(b, b.div(scales, b.reshape(context.input(6), {})));
  const ir::IntegerRange range = range_of(context, context.input(7));
  // Of two activations the product is too wide for a table: the factor belongs to the unit of one of them, as a DequantizeLinear's.
  const bool of_rows = b.ok() && (b.shape(factor).rank() == 0 || b.shape(factor)[b.shape(factor).rank() - 1] == 1);
  const bool computed = b.constant(left) == nullptr && b.constant(right) == nullptr;
  const ValueId x =
      of_rows && computed ? product(b, b.mul(left, factor), right) : b.mul(product(b, left, right), factor);
  ZKI_ASSIGN_OR_RETURN(Outputs outputs, b.output(saturated(b, context, x, opened(b, context.input(7)), range)));
  context.graph().value(outputs[0]).declared = range;
  return outputs;
}

// One per output channel, for a tensor of `rank` axes whose axis `axis` they are.
ValueId per_channel(Build& b, ValueId parameter, size_t axis, size_t rank) {
  if (parameter == ir::kNoValue || !b.ok()) return parameter;
  const int64_t count = b.shape(parameter).num_elements();
  if (count == 1) return b.reshape(parameter, {});
  Dims dims(rank - axis, 1);
  dims[0] = count;
  return b.reshape(parameter, std::move(dims));
}

// x and w are centered, so that padding with zeros pads with the zero point.
ValueId convolution(Build& b, NodeContext& context, ValueId x, ValueId w, ValueId bias) {
  if (!b.ok()) return ir::kNoValue;
  Result<ir::ConvAttributes> conv = read_conv(context, b.shape(x), b.shape(w));
  if (!conv.ok()) {
    b.fail(conv.status());
    return ir::kNoValue;
  }
  std::vector<ValueId> inputs{x, w};
  if (bias != ir::kNoValue) inputs.push_back(b.cast(bias, DataType::kFloat));
  return b.op(OpKind::kConv, std::move(inputs), std::move(*conv));
}

Status check_convolution(const NodeContext& context, std::size_t weight) {
  for (const std::size_t i : {std::size_t{0}, weight}) ZKI_RETURN_IF_ERROR(check_spatial_rank(context.value(i).shape));
  return ok_status();
}

Result<Outputs> import_conv_integer(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  ZKI_RETURN_IF_ERROR(check_convolution(context, 1));
  Build b(context);
  const ValueId x = centered(b, context.input(0), opened(b, context.input(2)));
  const ValueId w = centered(b, context.input(1), per_channel(b, context.input(3), 0, context.shape(1).rank()));
  return as_int32(b, context, convolution(b, context, x, w, ir::kNoValue));
}

Result<Outputs> import_qlinear_conv(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(8));
  ZKI_RETURN_IF_ERROR(check_convolution(context, 3));
  const size_t rank = context.shape(0).rank();
  Build b(context);
  const ValueId x = centered(b, context.input(0), opened(b, b.reshape(context.input(2), {})));
  const ValueId w = centered(b, context.input(3), per_channel(b, context.input(5), 0, rank));
  const ValueId acc = convolution(b, context, x, w, context.input(8));
  const ValueId scales = b.mul(b.reshape(context.input(1), {}), per_channel(b, context.input(4), 1, rank));
  const ValueId factor = opened(b, b.div(scales, b.reshape(context.input(6), {})));
  const ir::IntegerRange range = range_of(context, context.input(7));
  const ValueId zero = opened(b, b.reshape(context.input(7), {}));
  ZKI_ASSIGN_OR_RETURN(Outputs outputs, b.output(saturated(b, context, b.mul(acc, factor), zero, range)));
  context.graph().value(outputs[0]).declared = range;
  return outputs;
}

constexpr std::string_view kConvAttributes = "auto_pad dilations group kernel_shape pads strides";

constexpr auto kHandlers = std::to_array<Handler>({
    {"QuantizeLinear", "axis block_size output_dtype precision saturate", no_check, import_quantize},
    {"DequantizeLinear", "axis block_size output_dtype", no_check, import_dequantize},
    {"DynamicQuantizeLinear", "", no_check, import_dynamic_quantize},
    {"MatMulInteger", "", no_check, import_matmul_integer},
    {"QLinearMatMul", "", no_check, import_qlinear_matmul},
    {"ConvInteger", kConvAttributes, check_auto_pad, import_conv_integer},
    {"QLinearConv", kConvAttributes, check_auto_pad, import_qlinear_conv},
});

}  // namespace

std::span<const Handler> quantized_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
