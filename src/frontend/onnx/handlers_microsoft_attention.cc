// SPDX-License-Identifier: Apache-2.0
// The attentions of domain com.microsoft, as what they fuse.
#include <array>
#include <cmath>

#include "frontend/onnx/attention.h"
#include "frontend/onnx/proto_text.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::DataType;
using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

// A mask of integers: [B, Sk] or [B, Sq, Sk] with 1 for what takes part, or [B] with the number of keys.
ValueId integer_mask(Build& b, ValueId mask, int64_t batch, int64_t keys) {
  if (mask == ir::kNoValue || !b.ok()) return ir::kNoValue;
  const Shape shape = b.shape(mask);
  if (shape == Shape{batch} && b.dtype(mask) == DataType::kInt64) {
    return b.op(OpKind::kLess, {b.counted(Shape{keys}), b.reshape(mask, {batch, 1, 1, 1})});
  }
  if (shape.rank() < 2 || shape.rank() > 4 || shape[shape.rank() - 1] != keys) {
    b.fail(unsupported("a mask of shape " + shape.to_string() + " | use one of shape [batch, keys]"));
    return mask;
  }
  const ValueId keep = b.cast(mask, DataType::kBool);
  if (shape.rank() == 2) return b.reshape(keep, {shape[0], 1, 1, keys});
  return shape.rank() == 3 ? b.reshape(keep, {shape[0], 1, shape[1], keys}) : keep;
}

// Output 0, and behind it what the operator offers: keys and values with those of the past before them.
Result<Outputs> finish_attention(NodeContext& context, Build& b, AttentionInputs inputs, bool causal, int64_t past,
                                 std::vector<ValueId> more = {}) {
  if (!b.ok()) return b.status();
  const Shape q = b.shape(inputs.q);
  const Shape k = b.shape(inputs.k);
  if (q.rank() != 4 || k.rank() != 4) return invalid_argument("query and key of shapes " + q.to_string());
  ZKI_ASSIGN_OR_RETURN(const float scale, context.float_attribute("scale", 0));
  inputs.scale = scale != 0 ? static_cast<double>(scale) : 1 / std::sqrt(static_cast<double>(q[3]));
  if (causal) inputs.keep = both(b, inputs.keep, band(b, q[2], k[2], past, std::nullopt, 0));
  more.insert(more.begin(), join_heads(b, attention(b, inputs).y));
  return b.outputs(more);
}

// Keys or values after those in input `past`, [B, H, P, D]; how many those are.
int64_t put_after(Build& b, const NodeContext& context, size_t past, ValueId& x) {
  if (!context.has_input(past) || !b.ok()) return 0;
  const Shape shape = context.shape(past);
  if (shape.rank() != 4) {
    b.fail(invalid_argument("a past of shape " + shape.to_string()));
    return 0;
  }
  if (shape[2] == 0) return 0;
  x = b.concat({context.input(past), x}, 2);
  return shape[2];
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
  for (const size_t i : {8, 9})
    if (context.has_input(i)) return unsupported("a past that shares its buffer | export without it");
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
  const int64_t past = put_after(b, context, 6, parts[1]);
  put_after(b, context, 7, parts[2]);
  if (!b.ok()) return b.status();
  AttentionInputs inputs{parts[0], parts[1], parts[2]};
  inputs.keep = integer_mask(b, context.input(4), context.shape(0)[0], b.shape(parts[1]).dims()[2]);
  apply_mask(b, context.input(5), inputs);
  return finish_attention(context, b, inputs, unidirectional != 0, past, {parts[1], parts[2]});
}

// Few heads of keys and values for many of queries, causal. A past, when there is one, is valid as a whole: then the number of keys is
// known, and the lengths that the operator is given are not read.
Result<Outputs> import_group_query_attention(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(const int64_t heads, context.int_attribute("num_heads", 0));
  ZKI_ASSIGN_OR_RETURN(const int64_t kv_heads, context.int_attribute("kv_num_heads", 0));
  ZKI_ASSIGN_OR_RETURN(const int64_t rotary, context.int_attribute("do_rotary", 0));
  ZKI_ASSIGN_OR_RETURN(const int64_t interleaved, context.int_attribute("rotary_interleaved", 0));
  ZKI_ASSIGN_OR_RETURN(const int64_t window, context.int_attribute("local_window_size", -1));
  ZKI_ASSIGN_OR_RETURN(const int64_t smooth, context.int_attribute("smooth_softmax", 0));
  ZKI_ASSIGN_OR_RETURN(const int64_t shown, context.int_attribute("qk_output", 0));
  ZKI_ASSIGN_OR_RETURN(const float softcap, context.float_attribute("softcap", 0));
  const Shape x = context.shape(0);
  if (x.rank() != 3 || heads < 1 || kv_heads < 1 || heads % kv_heads != 0)
    return invalid_argument("query of shape " + x.to_string() + " for " + std::to_string(heads) + " and " +
                            std::to_string(kv_heads) + " heads");
  if (smooth == 1 || context.has_input(11) || shown != 0 || context.proto().output_size() > 3)
    return unsupported("smooth_softmax, head_sink and shown scores | export without them");
  const int64_t past_rows = context.has_input(3) && context.shape(3).rank() == 4 ? context.shape(3)[2] : 0;
  const int64_t keys = past_rows + x[1];
  for (const size_t i : {5, 6}) {
    if (!context.has_input(i) || context.value(i).ints() == nullptr) {
      if (x[0] != 1 && past_rows > 0)
        return unsupported("computed lengths of several sequences with a past | make them constants, or one sequence");
      continue;
    }
    for (const int64_t length : context.value(i).ints()->data())
      if (length + (i == 5 ? 1 : 0) != keys && past_rows > 0)
        return unsupported("a past of " + std::to_string(past_rows) + " rows of which some are not used | " +
                           "give it the rows that are");
  }
  Build b(context);
  const int64_t all_heads = heads + 2 * kv_heads;
  const bool packed = !context.has_input(1);
  const int64_t width = x[2] / (packed ? all_heads : heads);
  std::array<ValueId, 3> parts{context.input(0), context.input(1), context.input(2)};
  if (packed) {
    parts = {b.slice(context.input(0), 2, 0, heads * width),
             b.slice(context.input(0), 2, heads * width, kv_heads * width),
             b.slice(context.input(0), 2, (heads + kv_heads) * width, kv_heads * width)};
  }
  if (rotary != 0) {
    if (!context.has_input(7) || !context.has_input(8)) return corrupt("do_rotary without cos_cache and sin_cache");
    const Shape cache = context.shape(7);
    if (cache.rank() != 2 || cache[0] < keys)
      return invalid_argument("a cos_cache of shape " + cache.to_string() + " for " + std::to_string(keys) + " keys");
    ValueId positions = context.input(9);
    if (positions == ir::kNoValue) positions = b.counted(Shape{1, x[1]}, past_rows);
    const ValueId cosines = cache_rows(b, context.input(7), positions, x[1], cache[1]);
    const ValueId sines = cache_rows(b, context.input(8), positions, x[1], cache[1]);
    for (const size_t i : {size_t{0}, size_t{1}}) {
      const int64_t own = i == 0 ? heads : kv_heads;
      const ValueId split = b.reshape(parts[i], {x[0], x[1], own, width});
      parts[i] = b.reshape(rotate(b, split, cosines, sines, 2 * cache[1], interleaved != 0), {x[0], x[1], own * width});
    }
  }
  for (size_t i = 0; i < 3; ++i) parts[i] = split_heads(b, parts[i], i == 0 ? heads : kv_heads);
  put_after(b, context, 3, parts[1]);
  put_after(b, context, 4, parts[2]);
  AttentionInputs inputs{parts[0], parts[1], parts[2]};
  inputs.softcap = static_cast<double>(softcap);
  if (window > 0) inputs.keep = band(b, x[1], keys, past_rows, 1 - window, std::nullopt);
  apply_mask(b, context.input(10), inputs);
  return finish_attention(context, b, inputs, true, past_rows, {parts[1], parts[2]});
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
    positions = b.add(b.counted(Shape{1, steps}), b.reshape(positions, {1, 1}));
  }
  const ValueId cosines = cache_rows(b, context.input(2), positions, steps, cache[1]);
  const ValueId sines = cache_rows(b, context.input(3), positions, steps, cache[1]);
  const ValueId turned = rotate(b, x, cosines, sines, rotated, interleaved != 0);
  return b.output(shape.rank() == 3 ? b.reshape(turned, shape.dims()) : b.transpose(turned, {0, 2, 1, 3}));
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"Attention",
     "num_heads unidirectional scale mask_filter_value qkv_hidden_sizes do_rotary past_present_share_buffer "
     "rotary_embedding_dim",
     no_check, import_attention},
    {"MultiHeadAttention", "num_heads unidirectional scale mask_filter_value", no_check, import_multi_head_attention},
    {"GroupQueryAttention",
     "do_rotary k_quant_type kv_cache_bit_width kv_num_heads local_window_size num_heads qk_output rotary_interleaved "
     "scale smooth_softmax softcap v_quant_type",
     no_check, import_group_query_attention},
    {"RotaryEmbedding", "interleaved num_heads rotary_embedding_dim is_packed_batching scale", no_check,
     import_rotary_embedding},
});

}  // namespace

std::span<const Handler> microsoft_attention_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
