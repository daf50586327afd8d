// SPDX-License-Identifier: Apache-2.0
// Operators on quantized tensors of domain com.microsoft.
#include <array>
#include <cmath>

#include "frontend/onnx/attention.h"
#include "frontend/onnx/quantized.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::DataType;
using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

// Input `first` with its scale and zero point in the two inputs after it, as a real number.
ValueId real(Build& b, NodeContext& context, size_t first, int64_t axis = 1) {
  const Shape x = context.shape(first);
  const bool is_public = !context.value(first).is_constant();
  const ValueId zero = aligned(b, context.input(first + 2), x, {axis, 0}, is_public);
  return b.mul(centered(b, context.input(first), zero), aligned(b, context.input(first + 1), x, {axis, 0}, is_public));
}

// Quantized with the scale and zero point in inputs `scale` and `scale` + 1.
Result<Outputs> quantized(Build& b, NodeContext& context, ValueId y, size_t scale) {
  if (!b.ok()) return b.status();
  const ir::IntegerRange range = range_of(context, context.input(scale + 1));
  const Shape shape = b.shape(y);
  const ValueId divided = b.div(y, aligned(b, context.input(scale), shape, {}, true));
  const ValueId zero = aligned(b, context.input(scale + 1), shape, {}, true);
  ZKI_ASSIGN_OR_RETURN(Outputs outputs, b.output(saturated(b, context, divided, zero, range)));
  context.graph().value(outputs[0]).declared = range;
  return outputs;
}

template <OpKind op>
Result<Outputs> import_binary(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(7));
  Build b(context);
  const ValueId left = real(b, context, 0);
  return quantized(b, context, b.op(op, {left, real(b, context, 3)}), 6);
}

Result<Outputs> import_sigmoid(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(4));
  Build b(context);
  return quantized(b, context, b.function(ir::function("Sigmoid"), real(b, context, 0)), 3);
}

Result<Outputs> import_leaky_relu(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(4));
  ZKI_ASSIGN_OR_RETURN(const float alpha, context.float_attribute("alpha", 0.01F));
  Build b(context);
  const ValueId y = b.op(OpKind::kLeakyRelu, {real(b, context, 0)}, ir::LeakyReluAttributes{alpha});
  return quantized(b, context, y, 3);
}

Result<Outputs> import_softmax(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(4));
  ZKI_ASSIGN_OR_RETURN(const int64_t opset, context.int_attribute("opset", 13));
  const Shape x = context.shape(0);
  ZKI_ASSIGN_OR_RETURN(int64_t axis, context.int_attribute("axis", -1));
  ZKI_ASSIGN_OR_RETURN(axis, resolve_axis(axis, x.rank()));
  const auto split = static_cast<size_t>(axis);
  Build b(context);
  ValueId y = real(b, context, 0);
  if (opset < 13) {
    y = b.reshape(y, {x.num_elements(0, split), x.num_elements(split, x.rank())});
    axis = 1;
  }
  y = b.reshape(b.op(OpKind::kSoftmax, {y}, ir::SoftmaxAttributes{axis}), x.dims());
  return quantized(b, context, y, 3);
}

// Quantized y of a pool of pictures, whose channels may be last.
Result<Outputs> import_pool(NodeContext& context, Result<ValueId> (*pool)(NodeContext&, Build&, ValueId)) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(4));
  ZKI_ASSIGN_OR_RETURN(const int64_t last, context.int_attribute("channels_last", 0));
  Build b(context);
  const ValueId x = real(b, context, 0);
  ZKI_ASSIGN_OR_RETURN(const ValueId y, pool(context, b, last != 0 ? b.channels_first(x) : x));
  return quantized(b, context, last != 0 ? b.channels_last(y) : y, 3);
}

Result<Outputs> import_global_average_pool(NodeContext& context) {
  return import_pool(context, [](NodeContext&, Build& b, ValueId x) -> Result<ValueId> {
    return b.op(OpKind::kGlobalAveragePool, {x});
  });
}

Result<Outputs> import_average_pool(NodeContext& context) {
  return import_pool(context, [](NodeContext& node, Build& b, ValueId x) -> Result<ValueId> {
    if (!b.ok()) return b.status();
    ZKI_RETURN_IF_ERROR(check_spatial_rank(b.shape(x)));
    ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> kernel, node.ints_attribute("kernel_shape"));
    if (!kernel) return corrupt("attribute 'kernel_shape' is missing");
    ZKI_ASSIGN_OR_RETURN(Windows windows, read_windows(node, b.shape(x), *kernel));
    ZKI_ASSIGN_OR_RETURN(const int64_t count_include_pad, node.int_attribute("count_include_pad", 0));
    return b.op(OpKind::kAveragePool, {x},
                ir::PoolAttributes{std::move(windows.kernel), std::move(windows.strides), std::move(windows.dilations),
                                   std::move(windows.pads_begin), std::move(windows.pads_end), count_include_pad != 0});
  });
}

// Inputs: scale and zero point of the result, then three for each part.
Result<Outputs> import_concat(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(5));
  if (context.num_inputs() % 3 != 2) return corrupt("an operand lacks its scale or zero point");
  ZKI_ASSIGN_OR_RETURN(int64_t axis, context.int_attribute("axis", 1));
  ZKI_ASSIGN_OR_RETURN(axis, resolve_axis(axis, context.shape(2).rank()));
  Build b(context);
  std::vector<ValueId> parts;
  for (size_t i = 2; i < context.num_inputs(); i += 3) parts.push_back(real(b, context, i));
  return quantized(b, context, b.concat(std::move(parts), axis), 0);
}

Result<Outputs> import_where(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(9));
  Build b(context);
  const ValueId left = real(b, context, 1);
  return quantized(b, context, b.where(context.input(0), left, real(b, context, 4)), 7);
}

// Rows of constant weights of few bits: what they stand for, picked.
Result<Outputs> import_gather_blocks(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(3));
  ZKI_ASSIGN_OR_RETURN(int64_t gather_axis, context.int_attribute("gather_axis", 0));
  ZKI_ASSIGN_OR_RETURN(int64_t axis, context.int_attribute("quantize_axis", 1));
  ZKI_ASSIGN_OR_RETURN(const int64_t block, context.int_attribute("block_size", 128));
  ZKI_ASSIGN_OR_RETURN(const int64_t bits, context.int_attribute("bits", 4));
  const IntTensor* data = context.value(0).ints();
  if (data == nullptr || context.value(2).floats() == nullptr)
    return unsupported("computed weights | make them initializers");
  ZKI_ASSIGN_OR_RETURN(gather_axis, resolve_axis(gather_axis, data->shape().rank()));
  ZKI_ASSIGN_OR_RETURN(axis, resolve_axis(axis, data->shape().rank()));
  // Bytes hold several numbers along the last axis, the lowest bits first, around the middle of their range.
  const ir::IntegerRange type = context.value(0).declared.value_or(ir::IntegerRange{0, 255});
  const bool bytes = type.hi == 255;
  if (bits != 4 && bits != 8) return unsupported("bits " + std::to_string(bits) + " | use 4 or 8 bits");
  const auto unpacked = [&](const IntTensor& packed) {
    if (!bytes || bits == 8) return packed;
    Dims dims = packed.shape().dims();
    dims.back() *= 2;
    IntTensor out{Shape(dims)};
    for (size_t i = 0; i < out.data().size(); ++i) out[i] = packed[i / 2] >> (i % 2 == 0 ? 0 : 4) & 15;
    return out;
  };
  Build b(context);
  const ValueId whole = context.add_constant(unpacked(*data), DataType::kInt64, "weights");
  const Shape shape = b.shape(whole);
  ValueId zero = ir::kNoValue;
  if (const IntTensor* zeros = context.has_input(3) ? context.value(3).ints() : nullptr) {
    IntTensor own = unpacked(*zeros);
    if (own.shape() != context.shape(2)) {  // a last byte may be half used
      const ValueId padded = context.add_constant(std::move(own), DataType::kInt64, "zero_points");
      zero = b.slice(padded, shape.rank() - 1, 0, context.shape(2)[shape.rank() - 1]);
    } else {
      zero = context.add_constant(std::move(own), DataType::kInt64, "zero_points");
    }
    zero = aligned(b, zero, shape, {axis, block}, false);
  } else if (context.has_input(3)) {
    return unsupported("computed zero points | make them initializers");
  } else if (bytes) {
    zero = b.number(static_cast<double>(int64_t{1} << (bits - 1)), DataType::kInt64);
  }
  const ValueId scale = aligned(b, context.input(2), shape, {axis, block}, false);
  return b.output(b.gather(b.mul(centered(b, whole, zero), scale), context.input(1), gather_axis));
}

// alpha * op(A) * op(B) + C with C in units of scale A * scale B; quantized when the result's scale is given.
Result<Outputs> import_gemm(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(6));
  ir::GemmAttributes gemm;
  ZKI_ASSIGN_OR_RETURN(gemm.alpha, context.float_attribute("alpha", 1));
  ZKI_ASSIGN_OR_RETURN(const int64_t transpose_a, context.int_attribute("transA", 0));
  ZKI_ASSIGN_OR_RETURN(const int64_t transpose_b, context.int_attribute("transB", 0));
  gemm.transpose_a = transpose_a != 0;
  gemm.transpose_b = transpose_b != 0;
  Build b(context);
  const ValueId right = real(b, context, 3, gemm.transpose_b ? 0 : 1);
  std::vector<ValueId> inputs{real(b, context, 0), right};
  if (context.has_input(6)) {
    const ValueId unit = b.mul(b.reshape(context.input(1), {}), context.input(4));
    inputs.push_back(
        b.mul(b.mul(b.cast(context.input(6), DataType::kFloat), unit), b.number(static_cast<double>(gemm.alpha))));
  }
  const ValueId y = b.op(OpKind::kGemm, std::move(inputs), gemm);
  return context.has_input(7) ? quantized(b, context, y, 7) : b.output(y);
}

// Reals from integer operands: MatMulIntegerToFloat has both scales, DynamicQuantizeMatMul quantizes A itself.
Result<Outputs> import_matmul_to_float(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(4));
  Build b(context);
  const ValueId left = b.mul(centered(b, context.input(0), context.input(4)), context.input(2));
  const ValueId right = b.mul(centered(b, context.input(1), context.input(5)), context.input(3));
  const ValueId y = b.matmul(left, right);
  return b.output(context.has_input(6) ? b.add(y, context.input(6)) : y);
}

// A is taken as it is: our activations are quantized anyway, finer than to 8 bits.
Result<Outputs> import_dynamic_matmul(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(3));
  Build b(context);
  const ValueId right = b.mul(centered(b, context.input(1), context.input(3)), context.input(2));
  const ValueId y = b.matmul(context.input(0), right);
  return b.output(context.has_input(4) ? b.add(y, context.input(4)) : y);
}

Result<Outputs> import_quantize(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  ZKI_ASSIGN_OR_RETURN(const int64_t axis, context.int_attribute("axis", 1));
  const ir::IntegerRange range = range_of(context, context.input(2));
  const bool is_public = !context.value(0).is_constant();
  const Shape x = context.shape(0);
  Build b(context);
  const ValueId scaled = b.div(context.input(0), aligned(b, context.input(1), x, {axis, 0}, is_public));
  const ValueId zero = aligned(b, context.input(2), x, {axis, 0}, is_public);
  ZKI_ASSIGN_OR_RETURN(Outputs outputs, b.output(saturated(b, context, scaled, zero, range)));
  context.graph().value(outputs[0]).declared = range;
  return outputs;
}

Result<Outputs> import_dequantize(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  ZKI_ASSIGN_OR_RETURN(const int64_t axis, context.int_attribute("axis", 1));
  Build b(context);
  return b.output(real(b, context, 0, axis));
}

// Attention whose one product is of integers. Inputs: x, weight, bias, scales and zero points of x and weight.
Result<Outputs> import_attention(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(5));
  ZKI_ASSIGN_OR_RETURN(const int64_t heads, context.int_attribute("num_heads", 0));
  ZKI_ASSIGN_OR_RETURN(const int64_t unidirectional, context.int_attribute("unidirectional", 0));
  ZKI_ASSIGN_OR_RETURN(const float scale, context.float_attribute("scale", 0));
  if (context.has_input(8)) return unsupported("a past state | export without fusion");
  const Shape x = context.shape(0);
  const Shape w = context.shape(1);
  if (x.rank() != 3 || w.rank() != 2 || w[1] % 3 != 0 || heads < 1)
    return invalid_argument("input and weight of shapes " + x.to_string() + " and " + w.to_string());
  Build b(context);
  const ValueId left = b.mul(centered(b, context.input(0), aligned(b, context.input(6), x, {}, true)),
                             aligned(b, context.input(3), x, {}, true));
  const ValueId right = b.mul(centered(b, context.input(1), context.input(7)), context.input(4));
  const ValueId all = b.add(b.matmul(left, right), context.input(2));
  const int64_t width = w[1] / 3;
  const auto part = [&](int64_t i) { return split_heads(b, b.slice(all, 2, i * width, width), heads); };
  AttentionInputs inputs{part(0), part(1), part(2)};
  inputs.scale =
      scale != 0 ? static_cast<double>(scale) : 1 / std::sqrt(static_cast<double>(std::max<int64_t>(width / heads, 1)));
  if (context.has_input(5)) {
    if (context.shape(5) != Shape{x[0], x[1]})
      return unsupported("a mask of shape " + context.shape(5).to_string() + " | use one of shape [batch, keys]");
    inputs.keep = b.reshape(b.cast(context.input(5), DataType::kBool), {x[0], 1, 1, x[1]});
  }
  if (unidirectional != 0) inputs.keep = both(b, inputs.keep, band(b, x[1], x[1], 0, std::nullopt, 0));
  return b.output(join_heads(b, attention(b, inputs).y));
}

// Weights of few bits in blocks along the inner axis: B[N, blocks, block / 2] bytes, the lower half first.
Result<Outputs> import_matmul_nbits(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(3));
  ZKI_ASSIGN_OR_RETURN(const int64_t bits, context.int_attribute("bits", 4));
  ZKI_ASSIGN_OR_RETURN(const int64_t inner, context.int_attribute("K", 0));
  ZKI_ASSIGN_OR_RETURN(const int64_t columns, context.int_attribute("N", 0));
  ZKI_ASSIGN_OR_RETURN(const int64_t block, context.int_attribute("block_size", 0));
  const IntTensor* packed = context.value(1).ints();
  const FloatTensor* scales = context.value(2).floats();
  if (packed == nullptr || scales == nullptr) return unsupported("computed weights | make them initializers");
  if ((bits != 2 && bits != 4 && bits != 8) || block < 4 || block > 1 << 20 || inner < 1 || columns < 1 ||
      inner > kMaxElements || columns > kMaxElements)
    return unsupported("bits " + std::to_string(bits) + ", block_size " + std::to_string(block) +
                       " | use 2, 4 or 8 bits");
  const int64_t blocks = (inner + block - 1) / block;
  const int64_t per_byte = 8 / bits;
  const int64_t row_bytes = blocks * (block / per_byte);
  if (packed->num_elements() != columns * row_bytes || scales->num_elements() != columns * blocks)
    return invalid_argument("weights of shape " + packed->shape().to_string() + " and scales of shape " +
                            scales->shape().to_string());
  const IntTensor* zeros = context.has_input(3) ? context.value(3).ints() : nullptr;
  const int64_t zero_row = (blocks + per_byte - 1) / per_byte;
  const FloatTensor* real_zeros = context.has_input(3) ? context.value(3).floats() : nullptr;
  if (context.has_input(3) && !(zeros != nullptr && zeros->num_elements() == columns * zero_row) &&
      !(real_zeros != nullptr && real_zeros->num_elements() == columns * blocks))
    return unsupported("zero points of shape " + context.shape(3).to_string() +
                       " | export with packed ones, or a number for each block");
  const auto unpack = [&](const IntTensor& tensor, int64_t row, int64_t row_length, int64_t i) {
    const int64_t byte = tensor[static_cast<size_t>(row * row_length + i / per_byte)] & 0xff;
    return byte >> (bits * (i % per_byte)) & ((int64_t{1} << bits) - 1);
  };
  ZKI_ASSIGN_OR_RETURN(const Shape shape, Shape::make({inner, columns}));
  FloatTensor weight(shape);
  for (int64_t n = 0; n < columns; ++n)
    for (int64_t k = 0; k < inner; ++k) {
      const auto at = static_cast<size_t>(n * blocks + k / block);
      const float zero = real_zeros != nullptr ? (*real_zeros)[at]
                         : zeros != nullptr    ? static_cast<float>(unpack(*zeros, n, zero_row, k / block))
                                               : static_cast<float>(int64_t{1} << (bits - 1));
      weight[static_cast<size_t>(k * columns + n)] =
          (static_cast<float>(unpack(*packed, n, row_bytes, k)) - zero) * (*scales)[at];
    }
  Build b(context);
  const ValueId y = b.matmul(context.input(0), context.add_constant(std::move(weight), DataType::kFloat, "weight"));
  return b.output(context.has_input(5) ? b.add(y, context.input(5)) : y);
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"QuantizeLinear", "axis", no_check, import_quantize},
    {"DequantizeLinear", "axis", no_check, import_dequantize},
    {"QLinearAdd", "", no_check, import_binary<OpKind::kAdd>},
    {"QLinearMul", "", no_check, import_binary<OpKind::kMul>},
    {"QLinearSigmoid", "", no_check, import_sigmoid},
    {"QLinearLeakyRelu", "alpha", no_check, import_leaky_relu},
    {"QLinearSoftmax", "axis opset", no_check, import_softmax},
    {"QLinearGlobalAveragePool", "channels_last", no_check, import_global_average_pool},
    {"QLinearAveragePool", "auto_pad ceil_mode count_include_pad kernel_shape pads strides channels_last dilations",
     no_check, import_average_pool},
    {"QLinearConcat", "axis", no_check, import_concat},
    {"QLinearWhere", "", no_check, import_where},
    {"GatherBlockQuantized", "bits block_size gather_axis quantize_axis", no_check, import_gather_blocks},
    {"QGemm", "alpha transA transB", no_check, import_gemm},
    {"QAttention", "num_heads unidirectional scale do_rotary mask_filter_value past_present_share_buffer", no_check,
     import_attention},
    {"MatMulIntegerToFloat", "", no_check, import_matmul_to_float},
    {"DynamicQuantizeMatMul", "", no_check, import_dynamic_matmul},
    {"MatMulNBits", "K N accuracy_level bits block_size weight_prepacked", no_check, import_matmul_nbits},
});

}  // namespace

std::span<const Handler> microsoft_quantized_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
