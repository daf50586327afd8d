// SPDX-License-Identifier: Apache-2.0
// Attention and RotaryEmbedding of the default domain (opset 23 and later).
#include <array>
#include <cmath>

#include "frontend/onnx/attention.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::DataType;
using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

// What attention may see by position. Lengths of the batch's valid keys are a vector of integers, computed or not.
struct Visibility {
  bool causal = false;
  std::optional<int64_t> left, right;  // window sizes
  int64_t past = 0;
  ValueId lengths = ir::kNoValue;
};

ValueId visible(Build& b, const Visibility& v, int64_t batch, int64_t queries, int64_t keys) {
  std::optional<int64_t> lo;
  std::optional<int64_t> hi = v.right;
  if (v.left) lo = -*v.left;
  if (v.causal) hi = std::min<int64_t>(hi.value_or(0), 0);
  if (v.lengths == ir::kNoValue) return band(b, queries, keys, v.past, lo, hi);
  if (!check_mask_size(b, queries, keys)) return ir::kNoValue;
  const auto less = [&](ValueId left, ValueId right) { return b.op(OpKind::kLess, {left, right}); };
  const auto positions = [&](bool relative) {
    IntTensor tensor(Shape{relative ? queries : 1, keys});
    for (size_t i = 0; i < tensor.data().size(); ++i) {
      const auto flat = static_cast<int64_t>(i);
      tensor[i] = flat % keys - flat / keys;
    }
    return b.literal(std::move(tensor), DataType::kInt64);
  };
  const ValueId lengths = b.reshape(v.lengths, {batch, 1, 1, 1});
  ValueId keep = less(positions(false), lengths);
  if (!lo && !hi) return keep;
  // The queries are the last of the valid keys: j - i - (length - queries) within the bounds.
  const ValueId distance =
      b.sub(positions(true), b.sub(lengths, b.number(static_cast<double>(queries), DataType::kInt64)));
  if (hi) keep = both(b, keep, less(distance, b.number(static_cast<double>(*hi + 1), DataType::kInt64)));
  if (lo) keep = both(b, keep, less(b.number(static_cast<double>(*lo - 1), DataType::kInt64), distance));
  return keep;
}

// A mask may say nothing about the last keys: they take no part.
ValueId complete_mask(Build& b, ValueId mask, int64_t keys, ValueId& keep) {
  if (mask == ir::kNoValue || !b.ok()) return mask;
  const Shape shape = b.shape(mask);
  const size_t last = shape.rank() - 1;
  if (shape.rank() == 0 || shape[last] == keys || shape[last] == 1) return mask;
  Dims dims = shape.dims();
  dims[last] = keys - shape[last];
  if (dims[last] < 0) {
    b.fail(invalid_argument("a mask of shape " + shape.to_string() + " for " + std::to_string(keys) + " keys"));
    return mask;
  }
  Result<Shape> shape_of_rest = Shape::make(std::move(dims));
  if (!shape_of_rest.ok()) {
    b.fail(shape_of_rest.status());
    return mask;
  }
  const ValueId missing = b.expand(b.number_like(mask, 0), std::move(*shape_of_rest));
  if (b.dtype(mask) != DataType::kBool) {
    IntTensor known(Shape{keys});
    for (int64_t j = 0; j < shape[last]; ++j) known[static_cast<size_t>(j)] = 1;
    keep = both(b, keep, b.literal(std::move(known), DataType::kBool));
  }
  return b.concat({mask, missing}, static_cast<int64_t>(last));
}

Result<Outputs> import_attention(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(3));
  ZKI_ASSIGN_OR_RETURN(const int64_t q_heads, context.int_attribute("q_num_heads", 0));
  ZKI_ASSIGN_OR_RETURN(const int64_t kv_heads, context.int_attribute("kv_num_heads", 0));
  ZKI_ASSIGN_OR_RETURN(const int64_t causal, context.int_attribute("is_causal", 0));
  ZKI_ASSIGN_OR_RETURN(const int64_t left, context.int_attribute("left_window_size", -1));
  ZKI_ASSIGN_OR_RETURN(const int64_t right, context.int_attribute("right_window_size", -1));
  ZKI_ASSIGN_OR_RETURN(const int64_t mode, context.int_attribute("qk_matmul_output_mode", 0));
  ZKI_ASSIGN_OR_RETURN(const float softcap, context.float_attribute("softcap", 0));
  ZKI_ASSIGN_OR_RETURN(const float scale, context.float_attribute("scale", 0));
  const bool packed = context.shape(0).rank() == 3;
  Build b(context);
  AttentionInputs inputs{context.input(0), context.input(1), context.input(2)};
  if (packed) {
    inputs.q = split_heads(b, inputs.q, q_heads);
    inputs.k = split_heads(b, inputs.k, kv_heads);
    inputs.v = split_heads(b, inputs.v, kv_heads);
  }
  Visibility visibility;
  visibility.causal = causal != 0;
  if (left >= 0) visibility.left = left;
  if (right >= 0) visibility.right = right;
  visibility.lengths = context.input(6);
  if (context.has_input(4) && context.has_input(5)) {
    inputs.k = b.concat({context.input(4), inputs.k}, 2);
    inputs.v = b.concat({context.input(5), inputs.v}, 2);
    if (context.shape(4).rank() == 4) visibility.past = context.shape(4)[2];
  }
  if (!b.ok()) return b.status();
  const Shape q = b.shape(inputs.q);
  const Shape k = b.shape(inputs.k);
  if (q.rank() != 4 || k.rank() != 4)
    return invalid_argument("query and key of shapes " + q.to_string() + " and " + k.to_string());
  inputs.scale =
      context.attribute("scale") != nullptr ? static_cast<double>(scale) : 1 / std::sqrt(static_cast<double>(q[3]));
  inputs.softcap = static_cast<double>(softcap);
  inputs.keep = visible(b, visibility, q[0], q[2], k[2]);
  const ValueId mask = complete_mask(b, context.input(3), k[2], inputs.keep);
  apply_mask(b, mask, inputs);
  const bool wants_scores = context.proto().output_size() > 3 && !context.proto().output(3).empty();
  inputs.shows_scores = wants_scores;
  const AttentionOutputs out = attention(b, inputs);
  if (wants_scores && mode == 2 && inputs.keep != ir::kNoValue)
    return unsupported("output 3 of scores with minus infinity where they are masked | use qk_matmul_output_mode 3");
  const ValueId scores = mode == 0 ? out.raw : mode == 1 ? out.capped : mode == 2 ? out.biased : out.probabilities;
  return b.outputs({packed ? join_heads(b, out.y) : out.y, inputs.k, inputs.v, scores});
}

Result<Outputs> import_rotary_embedding(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(3));
  ZKI_ASSIGN_OR_RETURN(const int64_t interleaved, context.int_attribute("interleaved", 0));
  ZKI_ASSIGN_OR_RETURN(const int64_t heads, context.int_attribute("num_heads", 0));
  ZKI_ASSIGN_OR_RETURN(int64_t rotated, context.int_attribute("rotary_embedding_dim", 0));
  const Shape shape = context.shape(0);
  Build b(context);
  ValueId x = context.input(0);
  if (shape.rank() == 3)
    x = b.transpose(split_heads(b, x, heads), {0, 2, 1, 3});
  else if (shape.rank() == 4)
    x = b.transpose(x, {0, 2, 1, 3});
  else
    return invalid_argument("input of shape " + shape.to_string());
  if (!b.ok()) return b.status();
  const Shape laid_out = b.shape(x);
  if (rotated == 0) rotated = laid_out[3];
  const auto cache = [&](size_t input) {
    return cache_rows(b, context.input(input), context.input(3), laid_out[1], rotated / 2);
  };
  const ValueId cosines = cache(1);
  const ValueId turned = rotate(b, x, cosines, cache(2), rotated, interleaved != 0);
  if (shape.rank() == 3) return b.output(b.reshape(turned, shape.dims()));
  return b.output(b.transpose(turned, {0, 2, 1, 3}));
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"Attention",
     "is_causal kv_num_heads q_num_heads qk_matmul_output_mode scale softcap softmax_precision left_window_size "
     "right_window_size",
     no_check, import_attention},
    {"RotaryEmbedding", "interleaved num_heads rotary_embedding_dim", no_check, import_rotary_embedding},
});

}  // namespace

std::span<const Handler> attention_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
