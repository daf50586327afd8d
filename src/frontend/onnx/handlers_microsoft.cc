// SPDX-License-Identifier: Apache-2.0
// The fused operators of domain com.microsoft that ONNX Runtime's optimizer writes, as what they fuse.
#include <array>
#include <cmath>

#include "frontend/onnx/activation.h"
#include "frontend/onnx/conv.h"
#include "frontend/onnx/normalize.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::DataType;
using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

template <bool kChannelsLast>
Result<Outputs> import_fused_conv(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  ZKI_ASSIGN_OR_RETURN(const std::string activation, context.string_attribute("activation", ""));
  ZKI_ASSIGN_OR_RETURN(std::vector<float> parameters, context.floats_attribute("activation_params"));
  parameters.resize(2, activation == "LeakyRelu" && parameters.empty() ? 0.01F : 0.0F);
  Build b(context);
  std::vector<ValueId> inputs{kChannelsLast ? b.channels_first(context.input(0)) : context.input(0), context.input(1)};
  if (!b.ok()) return b.status();
  ZKI_ASSIGN_OR_RETURN(ir::ConvAttributes conv, read_conv(context, b.shape(inputs[0]), context.shape(1)));
  if (context.has_input(2)) inputs.push_back(context.input(2));
  ValueId y = b.op(OpKind::kConv, std::move(inputs), std::move(conv));
  if (kChannelsLast) y = b.channels_last(y);
  if (context.has_input(3)) y = b.add(y, context.input(3));
  return b.output(activated(b, y, {activation, parameters[0], parameters[1]}));
}

// Groups of channels, which are last unless said otherwise, normalized over space too; then x sigmoid(x) where asked for.
Result<Outputs> import_group_norm(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(3));
  ZKI_ASSIGN_OR_RETURN(const float epsilon, context.float_attribute("epsilon", 1e-5F));
  ZKI_ASSIGN_OR_RETURN(const int64_t groups, context.int_attribute("groups", 0));
  ZKI_ASSIGN_OR_RETURN(const int64_t activation, context.int_attribute("activation", 0));
  ZKI_ASSIGN_OR_RETURN(const int64_t last, context.int_attribute("channels_last", 1));
  if (activation != 0 && activation != 1)
    return unsupported("activation " + std::to_string(activation) + " | use 0 or 1");
  Build b(context);
  const ValueId x = last != 0 ? b.channels_first(context.input(0)) : context.input(0);
  if (!b.ok()) return b.status();
  const Shape shape = b.shape(x);
  if (shape.rank() < 3 || groups < 1 || shape[1] % groups != 0 || context.shape(1).num_elements() != shape[1] ||
      context.shape(2).num_elements() != shape[1])
    return invalid_argument(std::to_string(groups) + " groups of an input of shape " + context.shape(0).to_string());
  const ValueId grouped = b.reshape(x, {shape[0], groups, shape.num_elements(1, shape.rank()) / groups});
  const ValueId y = b.reshape(normalized(b, grouped, {2}, epsilon, true).y, shape.dims());
  Dims channels(shape.rank() - 1, 1);
  channels[0] = shape[1];
  ValueId scaled = b.add(b.mul(y, b.reshape(context.input(1), channels)), b.reshape(context.input(2), channels));
  if (activation == 1) scaled = b.function(ir::function("Swish"), scaled, 1);
  return b.output(last != 0 ? b.channels_last(scaled) : scaled);
}

// Softmax of data + bias over all axes from `axis` on.
Result<Outputs> import_bias_softmax(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  const Shape x = context.shape(0);
  ZKI_ASSIGN_OR_RETURN(int64_t axis, context.int_attribute("axis", 1));
  ZKI_ASSIGN_OR_RETURN(axis, resolve_axis(axis, x.rank()));
  Build b(context);
  const auto split = static_cast<size_t>(axis);
  const ValueId rows =
      b.reshape(b.add(context.input(0), context.input(1)), {x.num_elements(0, split), x.num_elements(split, x.rank())});
  return b.output(b.reshape(b.op(OpKind::kSoftmax, {rows}, ir::SoftmaxAttributes{1}), x.dims()));
}

Result<Outputs> import_fused_gemm(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  ir::GemmAttributes gemm;
  ZKI_ASSIGN_OR_RETURN(gemm.alpha, context.float_attribute("alpha", 1));
  ZKI_ASSIGN_OR_RETURN(gemm.beta, context.float_attribute("beta", 1));
  ZKI_ASSIGN_OR_RETURN(const int64_t transpose_a, context.int_attribute("transA", 0));
  ZKI_ASSIGN_OR_RETURN(const int64_t transpose_b, context.int_attribute("transB", 0));
  ZKI_ASSIGN_OR_RETURN(const std::string activation, context.string_attribute("activation", ""));
  ZKI_ASSIGN_OR_RETURN(const float alpha, context.float_attribute("activation_alpha", 0.01F));
  ZKI_ASSIGN_OR_RETURN(const float beta, context.float_attribute("activation_beta", 0));
  gemm.transpose_a = transpose_a != 0;
  gemm.transpose_b = transpose_b != 0;
  Build b(context);
  std::vector<ValueId> inputs{context.input(0), context.input(1)};
  if (context.has_input(2)) inputs.push_back(context.input(2));
  return b.output(activated(b, b.op(OpKind::kGemm, std::move(inputs), gemm), {activation, alpha, beta}));
}

// transBatch moves the first axis to the place before the last.
ValueId transposed_operand(Build& b, ValueId x, bool last_two, bool batch) {
  if (!b.ok()) return x;
  const size_t rank = b.shape(x).rank();
  if (batch && rank > 2) {
    Dims perm;
    for (size_t i = 1; i + 1 < rank; ++i) perm.push_back(static_cast<int64_t>(i));
    perm.push_back(0);
    perm.push_back(static_cast<int64_t>(rank) - 1);
    x = b.transpose(x, std::move(perm));
  }
  return last_two && rank > 1 ? b.swap_last(x) : x;
}

Result<Outputs> import_fused_matmul(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  ZKI_ASSIGN_OR_RETURN(const float alpha, context.float_attribute("alpha", 1));
  std::array<int64_t, 4> flags{};
  constexpr std::array<std::string_view, 4> kNames{"transA", "transB", "transBatchA", "transBatchB"};
  for (size_t i = 0; i < flags.size(); ++i) {
    ZKI_ASSIGN_OR_RETURN(flags[i], context.int_attribute(kNames[i], 0));
  }
  Build b(context);
  const ValueId left = transposed_operand(b, context.input(0), flags[0] != 0, flags[2] != 0);
  const ValueId right = transposed_operand(b, context.input(1), flags[1] != 0, flags[3] != 0);
  const ValueId product = b.matmul(left, right);
  return b.output(alpha == 1 ? product : b.mul(product, b.number(static_cast<double>(alpha))));
}

// Gelu of x, or of x + bias.
Result<Outputs> import_gelu(NodeContext& context, ir::FunctionId id) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  Build b(context);
  const ValueId x = context.has_input(1) ? b.add(context.input(0), context.input(1)) : context.input(0);
  return b.output(b.function(id, x));
}
Result<Outputs> import_exact_gelu(NodeContext& context) { return import_gelu(context, ir::function("GeluErf")); }
Result<Outputs> import_fast_gelu(NodeContext& context) { return import_gelu(context, ir::function("GeluTanh")); }

Result<Outputs> import_quick_gelu(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(const float alpha, context.float_attribute("alpha", 1.702F));
  Build b(context);
  return b.output(b.function(ir::function("Swish"), context.input(0), alpha));
}

// Normalizes the last axis of input + skip (+ bias); mean and inverse deviation are outputs 1 and 2, the sum is output 3.
template <bool centered>
Result<Outputs> import_skip_normalization(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(3));
  ZKI_ASSIGN_OR_RETURN(const float epsilon, context.float_attribute("epsilon", 1e-12F));
  const size_t beta = centered ? 3 : 4;  // the simplified form has none
  const size_t bias = centered ? 4 : 3;
  Build b(context);
  ValueId sum = b.add(context.input(0), context.input(1));
  if (context.has_input(bias)) sum = b.add(sum, context.input(bias));
  const auto last = static_cast<int64_t>(context.shape(0).rank()) - 1;
  if (last < 0) return invalid_argument("input 0 is a scalar");
  const Normalized n = normalized(b, sum, {last}, epsilon, centered);
  ValueId y = b.mul(n.y, context.input(2));
  if (centered && context.has_input(beta)) y = b.add(y, context.input(beta));
  const auto wanted = [&](int i) { return i < context.proto().output_size() && !context.proto().output(i).empty(); };
  const ValueId inverse = wanted(2) ? b.function(ir::function("Reciprocal"), n.deviation) : ir::kNoValue;
  return b.outputs({y, centered && wanted(1) ? n.mean : ir::kNoValue, inverse, sum});
}

// Word, position and segment embeddings, added and normalized. The mask only says how many tokens are real.
Result<Outputs> import_embed_normalization(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  for (const size_t i : {2, 3, 5, 6})
    if (!context.has_input(i)) return corrupt("input " + std::to_string(i) + " is missing");
  ZKI_ASSIGN_OR_RETURN(const float epsilon, context.float_attribute("epsilon", 1e-12F));
  const Shape ids = context.shape(0);
  if (ids.rank() != 2) return invalid_argument("input_ids of shape " + ids.to_string());
  Build b(context);
  ValueId positions = context.input(8);
  if (positions == ir::kNoValue) positions = b.counted(Shape{1, ids[1]});
  ValueId sum = b.add(b.gather(context.input(2), context.input(0), 0), b.gather(context.input(3), positions, 0));
  if (context.has_input(1) && context.has_input(4)) sum = b.add(sum, b.gather(context.input(4), context.input(1), 0));
  const ValueId y = b.add(b.mul(normalized(b, sum, {2}, epsilon, true).y, context.input(5)), context.input(6));
  ValueId mask_index = ir::kNoValue;
  if (context.has_input(7))
    mask_index = b.reduce(OpKind::kReduceSum, context.input(7), {1}, false);
  else
    mask_index = b.expand(b.number(0, DataType::kInt64), Shape{ids[0]});
  return b.outputs({y, mask_index, sum});
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"FusedConv", "auto_pad dilations group kernel_shape pads strides activation activation_params", check_auto_pad,
     import_fused_conv<false>},
    {"NhwcFusedConv", "auto_pad dilations group kernel_shape pads strides activation activation_params", check_auto_pad,
     import_fused_conv<true>},
    {"GroupNorm", "activation channels_last epsilon groups", no_check, import_group_norm},
    {"BiasSoftmax", "axis is_inner_broadcast", no_check, import_bias_softmax},
    {"FusedGemm", "alpha beta transA transB activation activation_alpha activation_beta activation_gamma", no_check,
     import_fused_gemm},
    {"FusedMatMul", "alpha transA transB transBatchA transBatchB", no_check, import_fused_matmul},
    {"TransposeMatMul", "alpha transA transB", no_check, import_fused_matmul},
    {"Gelu", "", no_check, import_exact_gelu},
    {"BiasGelu", "", no_check, import_exact_gelu},
    {"FastGelu", "", no_check, import_fast_gelu},
    {"QuickGelu", "alpha", no_check, import_quick_gelu},
    {"SkipLayerNormalization", "epsilon", no_check, import_skip_normalization<true>},
    {"SkipSimplifiedLayerNormalization", "epsilon", no_check, import_skip_normalization<false>},
    {"EmbedLayerNormalization", "epsilon mask_index_type", no_check, import_embed_normalization},
});

}  // namespace

std::span<const Handler> microsoft_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
