// SPDX-License-Identifier: Apache-2.0
// The fused operators of domain com.microsoft that ONNX Runtime's optimizer writes, as what they fuse.
#include <array>
#include <cmath>

#include "frontend/onnx/attention.h"
#include "frontend/onnx/normalize.h"
#include "frontend/onnx/proto_text.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::DataType;
using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

// The activation that a fused product ends with; alpha and beta are its parameters where it has any.
ValueId activated(Build& b, ValueId x, const std::string& name, float alpha, float beta) {
  if (name.empty()) return x;
  if (name == "Relu") return b.op(OpKind::kRelu, {x});
  if (name == "LeakyRelu") return b.op(OpKind::kLeakyRelu, {x}, ir::LeakyReluAttributes{alpha});
  if (name == "Clip") return b.clip(x, alpha, beta);
  if (name == "HardSigmoid")
    return b.clip(b.add(b.mul(x, b.number(static_cast<double>(alpha))), b.number(static_cast<double>(beta))), 0, 1);
  if (const auto id = ir::find_function(name); id && !ir::row_of(*id).inner) return b.function(*id, x, alpha, beta);
  b.fail(unsupported("activation " + in_quotes(name) + " | export the model without fusion"));
  return x;
}

Result<std::vector<float>> floats_attribute(const NodeContext& context, std::string_view name) {
  const auto* found = context.attribute(name);
  if (found == nullptr) return std::vector<float>();
  if (found->type() != onnx::AttributeProto::FLOATS) return corrupt("attribute '" + std::string(name) + "' is no list");
  return std::vector<float>(found->floats().begin(), found->floats().end());
}

Result<Outputs> import_fused_conv(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  ZKI_ASSIGN_OR_RETURN(ir::ConvAttributes conv, read_conv(context, context.shape(0), context.shape(1)));
  ZKI_ASSIGN_OR_RETURN(const std::string activation, context.string_attribute("activation", ""));
  ZKI_ASSIGN_OR_RETURN(std::vector<float> parameters, floats_attribute(context, "activation_params"));
  parameters.resize(2, activation == "LeakyRelu" && parameters.empty() ? 0.01F : 0.0F);
  Build b(context);
  std::vector<ValueId> inputs{context.input(0), context.input(1)};
  if (context.has_input(2)) inputs.push_back(context.input(2));
  ValueId y = b.op(OpKind::kConv, std::move(inputs), std::move(conv));
  if (context.has_input(3)) y = b.add(y, context.input(3));
  return b.output(activated(b, y, activation, parameters[0], parameters[1]));
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
  return b.output(activated(b, b.op(OpKind::kGemm, std::move(inputs), gemm), activation, alpha, beta));
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

// Normalizes the last axis of input + skip (+ bias); the sum is output 3.
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
  return b.outputs({y, ir::kNoValue, ir::kNoValue, sum});
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
  if (positions == ir::kNoValue) {
    IntTensor counted(Shape{1, ids[1]});
    for (size_t i = 0; i < counted.data().size(); ++i) counted[i] = static_cast<int64_t>(i);
    positions = b.literal(std::move(counted), DataType::kInt64);
  }
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

// A mask of integers: [B, Sk] or [B, Sq, Sk] with 1 for what takes part, or [B] with the number of keys.
ValueId integer_mask(Build& b, ValueId mask, int64_t batch, int64_t keys) {
  if (mask == ir::kNoValue || !b.ok()) return ir::kNoValue;
  const Shape shape = b.shape(mask);
  if (shape == Shape{batch} && b.dtype(mask) == DataType::kInt64) {
    IntTensor positions(Shape{keys});
    for (size_t i = 0; i < positions.data().size(); ++i) positions[i] = static_cast<int64_t>(i);
    return b.op(OpKind::kLess, {b.literal(std::move(positions), DataType::kInt64), b.reshape(mask, {batch, 1, 1, 1})});
  }
  if (shape.rank() < 2 || shape.rank() > 4 || shape[shape.rank() - 1] != keys) {
    b.fail(unsupported("a mask of shape " + shape.to_string() + " | use one of shape [batch, keys]"));
    return mask;
  }
  const ValueId keep = b.cast(mask, DataType::kBool);
  if (shape.rank() == 2) return b.reshape(keep, {shape[0], 1, 1, keys});
  return shape.rank() == 3 ? b.reshape(keep, {shape[0], 1, shape[1], keys}) : keep;
}

Result<Outputs> finish_attention(NodeContext& context, Build& b, AttentionInputs inputs, bool causal, int64_t past) {
  if (!b.ok()) return b.status();
  const Shape q = b.shape(inputs.q);
  const Shape k = b.shape(inputs.k);
  if (q.rank() != 4 || k.rank() != 4) return invalid_argument("query and key of shapes " + q.to_string());
  ZKI_ASSIGN_OR_RETURN(const float scale, context.float_attribute("scale", 0));
  inputs.scale = scale != 0 ? static_cast<double>(scale) : 1 / std::sqrt(static_cast<double>(q[3]));
  if (causal) inputs.keep = both(b, inputs.keep, band(b, q[2], k[2], past, std::nullopt, 0));
  return b.output(join_heads(b, attention(b, inputs).y));
}

// One product makes query, key and value.
Result<Outputs> import_attention(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  ZKI_ASSIGN_OR_RETURN(const int64_t heads, context.int_attribute("num_heads", 0));
  ZKI_ASSIGN_OR_RETURN(const int64_t unidirectional, context.int_attribute("unidirectional", 0));
  ZKI_ASSIGN_OR_RETURN(const int64_t rotary, context.int_attribute("do_rotary", 0));
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> sizes, context.ints_attribute("qkv_hidden_sizes"));
  if (rotary != 0) return unsupported("do_rotary | export without fusion");
  if (context.has_input(4)) return unsupported("a past state | export without fusion");
  const Shape x = context.shape(0);
  const Shape w = context.shape(1);
  if (x.rank() != 3 || w.rank() != 2 || (sizes && sizes->size() != 3) || heads < 1)
    return invalid_argument("input and weight of shapes " + x.to_string() + " and " + w.to_string());
  const Dims widths = sizes.value_or(Dims{w[1] / 3, w[1] / 3, w[1] / 3});
  if (widths[0] + widths[1] + widths[2] != w[1] || widths[0] < 1 || widths[1] < 1 || widths[2] < 1)
    return invalid_argument("qkv_hidden_sizes " + dims_to_string(widths) + " for a weight of shape " + w.to_string());
  Build b(context);
  ValueId all = b.matmul(context.input(0), context.input(1));
  if (context.has_input(2)) all = b.add(all, context.input(2));
  AttentionInputs inputs{split_heads(b, b.slice(all, 2, 0, widths[0]), heads),
                         split_heads(b, b.slice(all, 2, widths[0], widths[1]), heads),
                         split_heads(b, b.slice(all, 2, widths[0] + widths[1], widths[2]), heads)};
  inputs.keep = integer_mask(b, context.input(3), x[0], x[1]);
  apply_mask(b, context.input(5), inputs);
  return finish_attention(context, b, inputs, unidirectional != 0, 0);
}

Result<Outputs> import_multi_head_attention(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(const int64_t heads, context.int_attribute("num_heads", 0));
  ZKI_ASSIGN_OR_RETURN(const int64_t unidirectional, context.int_attribute("unidirectional", 0));
  if (!context.has_input(1) || !context.has_input(2) || context.shape(0).rank() != 3)
    return unsupported("packed query, key and value | export without fusion");
  for (const size_t i : {1, 2})
    if (context.shape(i).rank() != 3 && context.shape(i).rank() != 4)
      return invalid_argument("input " + std::to_string(i) + " has shape " + context.shape(i).to_string());
  for (const size_t i : {6, 7})
    if (context.has_input(i)) return unsupported("a past state | export without fusion");
  Build b(context);
  std::array<ValueId, 3> parts{};
  int64_t begin = 0;
  for (size_t i = 0; i < 3; ++i) {
    parts[i] = context.input(i);
    if (context.shape(i).rank() == 4) continue;  // heads are apart already
    const int64_t width = context.shape(i)[2];
    if (context.has_input(3)) parts[i] = b.add(parts[i], b.slice(context.input(3), 0, begin, width));
    begin += width;
    parts[i] = split_heads(b, parts[i], heads);
  }
  if (!b.ok()) return b.status();
  AttentionInputs inputs{parts[0], parts[1], parts[2]};
  inputs.keep = integer_mask(b, context.input(4), context.shape(0)[0], b.shape(parts[1]).dims()[2]);
  apply_mask(b, context.input(5), inputs);
  return finish_attention(context, b, inputs, unidirectional != 0, 0);
}

// Position ids are [1], where the sequence begins, or [B, S].
Result<Outputs> import_rotary_embedding(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(4));
  ZKI_ASSIGN_OR_RETURN(const int64_t interleaved, context.int_attribute("interleaved", 0));
  ZKI_ASSIGN_OR_RETURN(const int64_t given_heads, context.int_attribute("num_heads", 0));
  const Shape shape = context.shape(0);
  const Shape cache = context.shape(2);
  if (cache.rank() != 2 || (shape.rank() != 3 && shape.rank() != 4))
    return invalid_argument("input and cache of shapes " + shape.to_string() + " and " + cache.to_string());
  const int64_t rotated = 2 * cache[1];
  Build b(context);
  ValueId x = context.input(0);
  if (shape.rank() == 3) {
    const int64_t heads = given_heads > 0 ? given_heads : shape[2] / std::max<int64_t>(rotated, 1);
    if (heads < 1 || shape[2] % heads != 0) return invalid_argument("heads of an input of shape " + shape.to_string());
    x = b.reshape(x, {shape[0], shape[1], heads, shape[2] / heads});
  } else {
    x = b.transpose(x, {0, 2, 1, 3});
  }
  const int64_t steps = shape.rank() == 3 ? shape[1] : shape[2];
  ValueId positions = context.input(1);
  if (context.shape(1).num_elements() == 1 && steps != 1) {
    IntTensor counted(Shape{1, steps});
    for (size_t i = 0; i < counted.data().size(); ++i) counted[i] = static_cast<int64_t>(i);
    positions = b.add(b.literal(std::move(counted), DataType::kInt64), b.reshape(positions, {1, 1}));
  }
  const auto rows = [&](size_t input) {
    const ValueId picked = b.gather(context.input(input), positions, 0);
    return b.reshape(picked, {b.ok() ? b.shape(picked).num_elements() / std::max<int64_t>(steps * cache[1], 1) : 1,
                              steps, 1, cache[1]});
  };
  const ValueId cosines = rows(2);
  const ValueId turned = rotate(b, x, cosines, rows(3), rotated, interleaved != 0);
  return b.output(shape.rank() == 3 ? b.reshape(turned, shape.dims()) : b.transpose(turned, {0, 2, 1, 3}));
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"FusedConv", "auto_pad dilations group kernel_shape pads strides activation activation_params", check_auto_pad,
     import_fused_conv},
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
    {"Attention",
     "num_heads unidirectional scale mask_filter_value qkv_hidden_sizes do_rotary past_present_share_buffer "
     "rotary_embedding_dim",
     no_check, import_attention},
    {"MultiHeadAttention", "num_heads unidirectional scale mask_filter_value", no_check, import_multi_head_attention},
    {"RotaryEmbedding", "interleaved num_heads rotary_embedding_dim is_packed_batching scale", no_check,
     import_rotary_embedding},
});

}  // namespace

std::span<const Handler> microsoft_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
