// SPDX-License-Identifier: Apache-2.0
// Dense, EinsumDense, Embedding, and layers that do nothing when a network is used.
#include <algorithm>

#include "frontend/keras/layer.h"

namespace zkinfer::frontend_keras {

Result<Value> dense(LayerCall& call, const Value& input, const FloatTensor& kernel, const FloatTensor* bias,
                    const std::string& role) {
  Net& net = call.net;
  const Value x = net.plain(input);
  if (kernel.shape().rank() != 2 || x.rank() < 2 || x.last() != kernel.shape()[0])
    return invalid_argument("an input " + dims_to_string(x.dims) + " does not meet its kernel " +
                            kernel.shape().to_string());
  if (bias != nullptr && bias->num_elements() != kernel.shape()[1])
    return corrupt("its bias in the file is " + bias->shape().to_string() + ", expected [" +
                   std::to_string(kernel.shape()[1]) + "]");
  const Value weight = net.parameter_value(call.key(role + "kernel"), kernel.shape().dims(), kernel.data());
  ZKI_ASSIGN_OR_RETURN(Value y, net.matmul(x, weight));
  if (bias == nullptr) return y;
  return net.binary("Add", y, net.parameter_value(call.key(role + "bias"), {bias->num_elements()}, bias->data()));
}

namespace {

Result<Outputs> one(Result<Value> value) {
  if (!value.ok()) return value.status();
  return Outputs{std::move(*value)};
}

Result<Outputs> same(LayerCall& call) { return one(call.input()); }

Result<Outputs> run_dense(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Value x, call.input());
  const bool has_bias = call.config.flag("use_bias", true);
  if (!call.config["lora_rank"].is_null())
    return refusal("it has LoRA weights beside its own",
                   "merge them first: layer.merge_lora() or save after quantizing them away");
  ZKI_ASSIGN_OR_RETURN(const std::vector<FloatTensor> weights, call.weights.take(has_bias ? 2 : 1));
  if (weights[0].shape().rank() == 2) ZKI_RETURN_IF_ERROR(call.config.agrees("units", weights[0].shape()[1]));
  ZKI_ASSIGN_OR_RETURN(const Value y, dense(call, x, weights[0], has_bias ? &weights[1] : nullptr, ""));
  return one(call.activated(y));
}

// x * kernel by an equation, "ab,bc->ac"; "..." stands for the axes that are not named.
Result<Outputs> run_einsum_dense(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Value input, call.input());
  const bool has_bias = !call.config.text("bias_axes", "").empty();
  ZKI_ASSIGN_OR_RETURN(const std::vector<FloatTensor> weights, call.weights.take(has_bias ? 2 : 1));
  const std::string equation = call.config.text("equation", "");
  const std::size_t comma = equation.find(','), arrow = equation.find("->");
  if (comma == std::string::npos || arrow == std::string::npos || comma > arrow)
    return corrupt("its equation is damaged");
  Net& net = call.net;
  const Value x = net.plain(input);
  const std::string in = equation.substr(0, comma), with = equation.substr(comma + 1, arrow - comma - 1),
                    out = equation.substr(arrow + 2);
  const std::size_t dots = in.find("...");
  const std::size_t named = in.size() - (dots == std::string::npos ? 0 : 3);
  if (with.size() != weights[0].shape().rank() || named > x.rank() || (dots == std::string::npos && named != x.rank()))
    return corrupt("its equation does not meet its input and its kernel");
  Dims dims;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i] == '.') {
      if (dots == std::string::npos || out.compare(i, 3, "...") != 0) return corrupt("its equation is damaged");
      for (std::size_t axis = dots; axis < dots + x.rank() - named; ++axis) dims.push_back(x.dims[axis]);
      i += 2;
      continue;
    }
    const std::size_t at = in.find(out[i]), of_kernel = with.find(out[i]);
    if (at == std::string::npos && of_kernel == std::string::npos) return corrupt("its equation is damaged");
    if (at != std::string::npos)
      dims.push_back(x.dims[dots != std::string::npos && at > dots ? at - 3 + x.rank() - named : at]);
    else
      dims.push_back(weights[0].shape()[of_kernel]);
  }
  const std::string kernel = net.parameter(call.key("kernel"), weights[0]);
  Value y = net.node("Einsum", {x.name, kernel}, {{"equation", equation}}, std::move(dims));
  if (has_bias) {
    ZKI_ASSIGN_OR_RETURN(
        y, net.binary("Add", y, net.parameter_value(call.key("bias"), weights[1].shape().dims(), weights[1].data())));
  }
  return one(call.activated(y));
}

Result<Outputs> run_embedding(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Value input, call.input());
  ZKI_ASSIGN_OR_RETURN(const std::vector<FloatTensor> weights, call.weights.take(1));
  if (weights[0].shape().rank() != 2) return corrupt("its embeddings are no matrix");
  ZKI_RETURN_IF_ERROR(call.config.agrees("input_dim", weights[0].shape()[0]));
  ZKI_RETURN_IF_ERROR(call.config.agrees("output_dim", weights[0].shape()[1]));
  Net& net = call.net;
  const Value x = net.cast(net.plain(input), onnx::TensorProto::INT64);
  Dims dims = x.dims;
  dims.push_back(weights[0].shape()[1]);
  Value y =
      net.node("Gather", {net.parameter(call.key("embeddings"), weights[0]), x.name}, {{"axis", 0}}, std::move(dims));
  y.masked = call.config.flag("mask_zero", false);
  return Outputs{y};
}

// The wrapped layer's output for each step: steps and batch become one axis.
Result<Outputs> run_time_distributed(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Value input, call.input());
  Net& net = call.net;
  const Value x = net.plain(input);
  if (x.masked) return refusal("its input has a mask", "build the network without mask_zero and Masking");
  if (x.rank() < 3) return invalid_argument("expected an input of rank 3 or more, got " + dims_to_string(x.dims));
  std::size_t left = kMostLayers;
  ZKI_ASSIGN_OR_RETURN(const Layer inner, read_layer(call.config["layer"], net.keras(), left, 1));
  Dims merged(x.dims.begin() + 1, x.dims.end());
  merged[0] = x.dims[0] * x.dims[1];
  ZKI_ASSIGN_OR_RETURN(const Value steps, net.reshape(x, merged));
  ZKI_ASSIGN_OR_RETURN(const Weights weights, call.weights.part({"layer"}));
  ZKI_ASSIGN_OR_RETURN(const Outputs outputs, call.run(inner, weights, {steps}));
  Outputs out;
  for (const Value& y : outputs) {
    if (!y.known()) return Outputs{Value{}};
    Dims dims = y.dims;
    dims[0] = x.dims[1];
    dims.insert(dims.begin(), x.dims[0]);
    ZKI_ASSIGN_OR_RETURN(Value apart, net.reshape(y, dims));
    out.push_back(std::move(apart));
  }
  return out;
}

Result<Outputs> refuse_lambda(LayerCall&) {
  return refusal("it runs Python code, which a file does not describe",
                 "replace it by layers or keras.ops that say what they do, or convert the model to ONNX with tf2onnx");
}

Result<Outputs> refuse_mask(LayerCall&) {
  return refusal("masks of steps are not proved", "give sequences of one length, without Masking");
}

Result<Outputs> refuse_random(LayerCall&) {
  return refusal("it acts by chance, or on pictures whose size it changes", "apply it before the network");
}

constexpr Entry kEntries[] = {
    {"Dense", run_dense},
    {"EinsumDense", run_einsum_dense},
    {"Embedding", run_embedding},
    {"TimeDistributed", run_time_distributed},
    {"Dropout", same},
    {"SpatialDropout1D", same},
    {"SpatialDropout2D", same},
    {"SpatialDropout3D", same},
    {"GaussianDropout", same},
    {"GaussianNoise", same},
    {"AlphaDropout", same},
    {"ActivityRegularization", same},
    {"Identity", same},
    {"RandomFlip", same},
    {"RandomRotation", same},
    {"RandomTranslation", same},
    {"RandomZoom", same},
    {"RandomContrast", same},
    {"RandomBrightness", same},
    {"RandomHeight", refuse_random, true},
    {"RandomWidth", refuse_random, true},
    {"RandomCrop", refuse_random, true},
    {"Lambda", refuse_lambda, true},
    {"Masking", refuse_mask, true},
};

}  // namespace

std::span<const Entry> core_layers() { return kEntries; }

}  // namespace zkinfer::frontend_keras
