// SPDX-License-Identifier: Apache-2.0
// Attention: of several heads with trained projections, and the plain kinds. Keras calls them with query, value and, if it is another,
// key.
#include <cmath>

#include "frontend/keras/layer.h"

namespace zkinfer::frontend_keras {

namespace {

struct Inputs {
  Value query, value, key;
};

// query, value, key: positional, a list, or by name.
Result<Inputs> read_inputs(LayerCall& call) {
  std::vector<Value> given = call.tensors();
  // By name, Keras' own order stands before what was given without one.
  if (const Operand* query = call.argument("query", SIZE_MAX)) given.insert(given.begin(), query->value);
  for (const char* name : {"attention_mask", "query_mask", "value_mask", "key_mask", "mask"}) {
    const Operand* mask = call.argument(name, SIZE_MAX);
    if (mask != nullptr && mask->kind != Argument::Kind::kConstant)
      return refusal("it is called with a mask", "build the network without masks, or with use_causal_mask");
  }
  if (given.empty() || given.size() > 3)
    return refusal("it is called with " + std::to_string(given.size()) + " tensors",
                   "call it with query, value and perhaps key");
  Inputs out{given[0], given.size() > 1 ? given[1] : Value{}, given.size() > 2 ? given[2] : Value{}};
  if (const Operand* value = call.argument("value", SIZE_MAX)) out.value = value->value;
  if (const Operand* key = call.argument("key", SIZE_MAX)) out.key = key->value;
  if (!out.value.known()) return corrupt("it is called without a value");
  if (!out.key.known()) out.key = out.value;
  for (Value* x : {&out.query, &out.value, &out.key}) {
    if (x->masked) return refusal("its input has a mask", "build the network without mask_zero and Masking");
    *x = call.net.plain(*x);
  }
  return out;
}

bool flag(LayerCall& call, std::string_view name) {
  const Operand* given = call.argument(name, SIZE_MAX);
  return given != nullptr && given->kind == Argument::Kind::kConstant && given->constant->boolean();
}

// Scores of later keys become so low that their weights are zero.
Result<Value> causal(Net& net, const Value& scores) {
  const std::int64_t rows = scores.dims[scores.rank() - 2], columns = scores.last();
  std::vector<float> mask(static_cast<std::size_t>(rows * columns), 0.0F);
  constexpr float kLow = -1e9F;
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = i + 1; j < columns; ++j) mask[static_cast<std::size_t>(i * columns + j)] = kLow;
  return net.binary("Add", scores, net.parameter_value("causal_mask", {rows, columns}, mask));
}

// x[batch, steps, in] by a projection kernel [in, heads, size] into [batch, heads, steps, size].
Result<Value> projected(LayerCall& call, const Value& x, const Weights& weights, bool has_bias, const std::string& role,
                        std::int64_t heads) {
  ZKI_ASSIGN_OR_RETURN(std::vector<FloatTensor> w, weights.take(has_bias ? 2 : 1));
  const Shape& shape = w[0].shape();
  if (shape.rank() != 3 || shape[1] != heads || x.rank() != 3)
    return corrupt("its " + role + " projection in the file is " + shape.to_string());
  const std::int64_t size = shape[2];
  const FloatTensor kernel = std::move(w[0]).reshaped(Shape({shape[0], heads * size}));
  ZKI_ASSIGN_OR_RETURN(const Value y, dense(call, x, kernel, has_bias ? &w[1] : nullptr, role + "_"));
  if (y.last() != heads * size) return corrupt("its " + role + " bias is damaged");
  ZKI_ASSIGN_OR_RETURN(const Value apart, call.net.reshape(y, {x.dims[0], x.dims[1], heads, size}));
  return call.net.transpose(apart, {0, 2, 1, 3});
}

Result<Outputs> run_multi_head(LayerCall& call) {
  Net& net = call.net;
  ZKI_ASSIGN_OR_RETURN(const Inputs in, read_inputs(call));
  ZKI_ASSIGN_OR_RETURN(const std::int64_t heads, call.config.integer("num_heads"));
  ZKI_ASSIGN_OR_RETURN(const std::int64_t key_dim, call.config.integer("key_dim"));
  ZKI_ASSIGN_OR_RETURN(const Dims axes, call.config.integers("attention_axes", {1}));
  if (heads < 1 || key_dim < 1) return corrupt("its num_heads or key_dim is not positive");
  if (axes != Dims{1} || in.query.rank() != 3)
    return refusal("attention over several axes", "use inputs [batch, steps, features]");
  if (flag(call, "return_attention_scores"))
    return refusal("it returns its attention scores", "call it without return_attention_scores");
  if (call.config.flag("use_gate", false) || !call.config["sliding_window"].is_null())
    return refusal("attention with a gate or a sliding window", "build it without them");
  const bool has_bias = call.config.flag("use_bias", true);
  const std::size_t each = has_bias ? 2 : 1;
  // Keras keeps query, key, value, output in this order.
  const auto part = [&](const char* name, std::size_t index) {
    const std::string dense_name = std::string(name) + "_dense";
    const std::string in_list = std::string_view(name) == "output" ? "attention_output" : name;
    return call.weights.part({dense_name, "_" + dense_name}, in_list, index * each, each);
  };
  ZKI_ASSIGN_OR_RETURN(const Weights of_query, part("query", 0));
  ZKI_ASSIGN_OR_RETURN(const Weights of_key, part("key", 1));
  ZKI_ASSIGN_OR_RETURN(const Weights of_value, part("value", 2));
  ZKI_ASSIGN_OR_RETURN(const Weights of_output, part("output", 3));
  ZKI_ASSIGN_OR_RETURN(Value q, projected(call, in.query, of_query, has_bias, "query", heads));
  ZKI_RETURN_IF_ERROR(call.config.agrees("key_dim", q.last()));
  ZKI_ASSIGN_OR_RETURN(const Value k, projected(call, in.key, of_key, has_bias, "key", heads));
  ZKI_ASSIGN_OR_RETURN(const Value v, projected(call, in.value, of_value, has_bias, "value", heads));
  ZKI_RETURN_IF_ERROR(call.config.agrees("key_dim", k.last()));
  ZKI_RETURN_IF_ERROR(call.config.agrees("value_dim", v.last()));
  q = net.with_number("Mul", q, 1.0 / std::sqrt(static_cast<double>(key_dim)));
  ZKI_ASSIGN_OR_RETURN(Value scores, net.matmul(q, net.transpose(k, {0, 1, 3, 2})));
  if (flag(call, "use_causal_mask")) {
    ZKI_ASSIGN_OR_RETURN(scores, causal(net, scores));
  }
  ZKI_ASSIGN_OR_RETURN(const Value weights, softmax(net, scores, -1));
  ZKI_ASSIGN_OR_RETURN(const Value heads_out, net.matmul(weights, v));
  const std::int64_t size = v.last();
  ZKI_ASSIGN_OR_RETURN(const Value joined, net.reshape(net.transpose(heads_out, {0, 2, 1, 3}),
                                                       {q.dims[0], in.query.dims[1], heads * size}));
  ZKI_ASSIGN_OR_RETURN(std::vector<FloatTensor> w, of_output.take(each));
  const Shape& shape = w[0].shape();
  if (shape.rank() != 3 || shape[0] != heads || shape[1] != size)
    return refusal("an output of the shape its projection " + shape.to_string() + " gives",
                   "use an output_shape of one axis");
  const std::int64_t out = shape[2];
  const FloatTensor kernel = std::move(w[0]).reshaped(Shape({heads * size, out}));
  ZKI_ASSIGN_OR_RETURN(Value y, dense(call, joined, kernel, has_bias ? &w[1] : nullptr, "output_"));
  return Outputs{std::move(y)};
}

Result<Outputs> run_attention(LayerCall& call) {
  Net& net = call.net;
  ZKI_ASSIGN_OR_RETURN(const Inputs in, read_inputs(call));
  if (in.query.rank() != 3 || in.key.rank() != 3 || in.value.rank() != 3)
    return invalid_argument("expected inputs [batch, steps, features]");
  if (flag(call, "return_attention_scores"))
    return refusal("it returns its attention scores", "call it without return_attention_scores");
  const bool additive = call.layer.class_name == "AdditiveAttention";
  const bool scaled = call.config.flag("use_scale", additive);
  if (call.config.text("score_mode", "dot") != "dot")
    return refusal("score_mode 'concat'", "use 'dot' or AdditiveAttention");
  ZKI_ASSIGN_OR_RETURN(const std::vector<FloatTensor> weights, call.weights.take(scaled ? 1 : 0));
  Value scores;
  if (additive) {  // sum(scale * tanh(query + key)) for each query and key
    const std::int64_t batch = in.query.dims[0], size = in.query.last();
    ZKI_ASSIGN_OR_RETURN(const Value q, net.reshape(in.query, {batch, in.query.dims[1], 1, size}));
    ZKI_ASSIGN_OR_RETURN(const Value k, net.reshape(in.key, {batch, 1, in.key.dims[1], size}));
    ZKI_ASSIGN_OR_RETURN(const Value sum, net.binary("Add", q, k));
    Value bent = net.unary("Tanh", sum);
    if (scaled) {
      ZKI_ASSIGN_OR_RETURN(
          bent, net.binary("Mul", bent,
                           net.parameter_value(call.key("scale"), weights[0].shape().dims(), weights[0].data())));
    }
    scores = net.reduce("ReduceSum", bent, {3}, false);
  } else {
    ZKI_ASSIGN_OR_RETURN(scores, net.matmul(in.query, net.transpose(in.key, {0, 2, 1})));
    if (scaled) {
      ZKI_ASSIGN_OR_RETURN(
          scores, net.binary("Mul", scores,
                             net.parameter_value(call.key("scale"), weights[0].shape().dims(), weights[0].data())));
    }
  }
  if (flag(call, "use_causal_mask") || call.config.flag("causal", false)) {
    ZKI_ASSIGN_OR_RETURN(scores, causal(net, scores));
  }
  ZKI_ASSIGN_OR_RETURN(const Value shares, softmax(net, scores, -1));
  ZKI_ASSIGN_OR_RETURN(Value y, net.matmul(shares, in.value));
  return Outputs{std::move(y)};
}

constexpr Entry kEntries[] = {
    {"MultiHeadAttention", run_multi_head},
    {"Attention", run_attention},
    {"AdditiveAttention", run_attention},
};

}  // namespace

std::span<const Entry> attention_layers() { return kEntries; }

}  // namespace zkinfer::frontend_keras
