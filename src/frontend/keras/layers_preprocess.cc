// SPDX-License-Identifier: Apache-2.0
// Preprocessing that is part of the network, and so is proved: Rescaling, Normalization, Discretization, CategoryEncoding.
#include <algorithm>
#include <cmath>

#include "frontend/keras/layer.h"

namespace zkinfer::frontend_keras {

namespace {

// A number, or nested lists of them: one after the other. Null stands for what is no number.
std::optional<std::vector<float>> numbers(const Json& json) {
  if (json.is_number()) return std::vector<float>{static_cast<float>(json.number())};
  if (!json.is_list()) return std::nullopt;
  std::vector<float> out;
  for (const Json& item : json.items()) {
    const std::optional<std::vector<float>> part = numbers(item);
    if (!part) return std::nullopt;
    out.insert(out.end(), part->begin(), part->end());
  }
  return out;
}

Result<Value> with_numbers(LayerCall& call, const std::string& op, const Value& x, const Json& json, const char* role,
                           double fallback) {
  if (json.is_null()) return call.net.with_number(op, x, fallback);
  const std::optional<std::vector<float>> given = numbers(json);
  if (!given || given->empty()) return corrupt("its " + std::string(role) + " is damaged");
  if (given->size() == 1) return call.net.with_number(op, x, (*given)[0]);
  if (static_cast<std::int64_t>(given->size()) != x.last())
    return invalid_argument("its " + std::string(role) + " has " + std::to_string(given->size()) + " numbers for " +
                            dims_to_string(x.dims));
  return call.net.unary(op, x, {}, {call.net.along_last(call.key(role), x, *given)});
}

Result<Outputs> run_rescaling(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Value input, call.input());
  const Value x = call.net.cast(input, onnx::TensorProto::FLOAT);
  ZKI_ASSIGN_OR_RETURN(const Value scaled, with_numbers(call, "Mul", x, call.config["scale"], "scale", 1));
  ZKI_ASSIGN_OR_RETURN(Value y, with_numbers(call, "Add", scaled, call.config["offset"], "offset", 0));
  return Outputs{std::move(y)};
}

// (x - mean) / sqrt(variance), given or learned from data.
Result<Outputs> run_normalization(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Value input, call.input());
  const Value x = call.net.plain(call.net.cast(input, onnx::TensorProto::FLOAT));
  // None: one mean for all.
  const bool alone = call.config.json().has("axis") && call.config["axis"].is_null();
  ZKI_ASSIGN_OR_RETURN(const Dims axes, call.config.integers("axis", alone ? Dims{} : Dims{-1}));
  Dims dims(x.rank(), 1);
  for (const std::int64_t axis : axes) {
    ZKI_ASSIGN_OR_RETURN(const std::size_t at, checked_axis(axis, x.rank()));
    dims[at] = x.dims[at];
  }
  std::vector<float> mean, variance;
  if (const auto given = numbers(call.config["mean"]), spread = numbers(call.config["variance"]); given && spread) {
    mean = *given;
    variance = *spread;
  } else {
    ZKI_ASSIGN_OR_RETURN(const std::vector<FloatTensor> weights, call.weights.take(3));  // the third is a count
    mean.assign(weights[0].data().begin(), weights[0].data().end());
    variance.assign(weights[1].data().begin(), weights[1].data().end());
  }
  const auto count = static_cast<std::size_t>(product(dims, 0, dims.size()));
  for (std::vector<float>* list : {&mean, &variance}) {
    if (list->size() == 1) list->resize(count, (*list)[0]);
    if (list->size() != count)
      return corrupt("its mean or variance has " + std::to_string(list->size()) + " numbers, expected " +
                     std::to_string(count));
  }
  const bool invert = call.config.flag("invert", false);
  constexpr float kLeast = 1e-7F;
  std::vector<float> deviation;
  for (const float v : variance) deviation.push_back(std::max(std::sqrt(v), kLeast));
  const Value center = call.net.parameter_value(call.key("mean"), dims, mean);
  const Value scale = call.net.parameter_value(call.key("deviation"), dims, deviation);
  ZKI_ASSIGN_OR_RETURN(const Value first,
                       invert ? call.net.binary("Mul", x, scale) : call.net.binary("Sub", x, center));
  ZKI_ASSIGN_OR_RETURN(Value y, invert ? call.net.binary("Add", first, center) : call.net.binary("Div", first, scale));
  return Outputs{std::move(y)};
}

// The number of boundaries at or below each element.
Result<Outputs> run_discretization(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Value input, call.input());
  Net& net = call.net;
  const Value x = net.plain(net.cast(input, onnx::TensorProto::FLOAT));
  const std::optional<std::vector<float>> bounds = numbers(call.config["bin_boundaries"]);
  if (!bounds || bounds->empty() || call.config.text("output_mode", "int") != "int")
    return refusal("Discretization without bin_boundaries, or with another output_mode than 'int'",
                   "give bin_boundaries, and encode with CategoryEncoding");
  Dims apart = x.dims;
  apart.push_back(1);
  ZKI_ASSIGN_OR_RETURN(const Value column, net.reshape(x, apart));
  const Value edges =
      net.parameter_value(call.key("bin_boundaries"), {static_cast<std::int64_t>(bounds->size())}, *bounds);
  ZKI_ASSIGN_OR_RETURN(Value above, net.binary("GreaterOrEqual", column, edges));
  above.type = onnx::TensorProto::BOOL;
  const Value ones = net.cast(above, onnx::TensorProto::FLOAT);
  return Outputs{net.reduce("ReduceSum", ones, {static_cast<std::int64_t>(x.rank())}, false)};
}

Result<Outputs> run_category(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Value input, call.input());
  Net& net = call.net;
  const std::string mode = call.config.text("output_mode", "multi_hot");
  ZKI_ASSIGN_OR_RETURN(const std::int64_t tokens, call.config.integer("num_tokens"));
  if (mode != "one_hot" && mode != "multi_hot")
    return refusal("CategoryEncoding with output_mode '" + mode + "'", "use 'one_hot' or 'multi_hot'");
  if (call.argument("count_weights", SIZE_MAX) != nullptr)
    return refusal("CategoryEncoding with weights of counts", "call it without");
  if (tokens < 1 || tokens > (1 << 20)) return corrupt("its num_tokens is " + std::to_string(tokens));
  Value x = net.plain(net.cast(input, onnx::TensorProto::FLOAT));
  if (mode == "one_hot" && x.rank() > 1 && x.last() == 1) {
    ZKI_ASSIGN_OR_RETURN(x, net.reshape(x, Dims(x.dims.begin(), x.dims.end() - 1)));
  }
  Dims apart = x.dims;
  apart.push_back(1);
  ZKI_ASSIGN_OR_RETURN(const Value column, net.reshape(x, apart));
  std::vector<float> all(static_cast<std::size_t>(tokens));
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<float>(i);
  ZKI_ASSIGN_OR_RETURN(Value equal,
                       net.binary("Equal", column, net.parameter_value(call.key("tokens"), {tokens}, all)));
  equal.type = onnx::TensorProto::BOOL;
  Value y = net.cast(equal, onnx::TensorProto::FLOAT);
  if (mode == "multi_hot" && x.rank() > 1)
    y = net.reduce("ReduceMax", y, {static_cast<std::int64_t>(x.rank()) - 1}, false);
  return Outputs{std::move(y)};
}

constexpr Entry kEntries[] = {
    {"Rescaling", run_rescaling},
    {"Normalization", run_normalization},
    {"Discretization", run_discretization},
    {"CategoryEncoding", run_category},
};

}  // namespace

std::span<const Entry> preprocessing_layers() { return kEntries; }

}  // namespace zkinfer::frontend_keras
