// SPDX-License-Identifier: Apache-2.0
// Normalizations. Weights in Keras' order: scale, shift, then what was counted while training.
#include <algorithm>
#include <cmath>

#include "frontend/keras/layer.h"

namespace zkinfer::frontend_keras {

namespace {

// The axes of a list or a number, from 0, ascending.
Result<std::vector<std::size_t>> axes_of(const Config& config, std::size_t rank, Dims fallback) {
  ZKI_ASSIGN_OR_RETURN(const Dims given, config.integers("axis", std::move(fallback)));
  std::vector<std::size_t> out;
  for (const std::int64_t axis : given) {
    ZKI_ASSIGN_OR_RETURN(const std::size_t at, checked_axis(axis, rank));
    out.push_back(at);
  }
  std::sort(out.begin(), out.end());
  if (std::adjacent_find(out.begin(), out.end()) != out.end()) return corrupt("its axes repeat");
  return out;
}

Dims as_dims(const std::vector<std::size_t>& axes) { return Dims(axes.begin(), axes.end()); }

// 1 but for the axes.
Dims broadcast_dims(const Value& x, const std::vector<std::size_t>& axes) {
  Dims dims(x.rank(), 1);
  for (const std::size_t axis : axes) dims[axis] = x.dims[axis];
  return dims;
}

Status check_count(const FloatTensor& tensor, const Dims& dims, const char* what) {
  if (tensor.num_elements() == product(dims, 0, dims.size())) return ok_status();
  return corrupt(std::string("its ") + what + " in the file is " + tensor.shape().to_string() + ", expected " +
                 dims_to_string(dims));
}

Result<Outputs> run_batch(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Value input, call.input());
  const bool scale = call.config.flag("scale", true), center = call.config.flag("center", true);
  ZKI_ASSIGN_OR_RETURN(std::vector<FloatTensor> weights, call.weights.take(2 + (scale ? 1 : 0) + (center ? 1 : 0)));
  ZKI_ASSIGN_OR_RETURN(const std::vector<std::size_t> axes, axes_of(call.config, input.rank(), {-1}));
  if (axes.size() != 1 || axes[0] == 0)
    return refusal("batch normalization over several axes at once", "use one axis, that of the channels");
  const std::size_t axis = axes[0];
  const std::int64_t channels = input.dims[axis];
  const double epsilon = call.config.number("epsilon", 1e-3);
  std::size_t next = 0;
  FloatTensor gamma{Shape({channels})}, beta{Shape({channels})};
  std::fill(gamma.data().begin(), gamma.data().end(), 1.0F);
  if (scale) gamma = std::move(weights[next++]);
  if (center) beta = std::move(weights[next++]);
  const FloatTensor mean = std::move(weights[next]), variance = std::move(weights[next + 1]);
  for (const FloatTensor* tensor :
       {static_cast<const FloatTensor*>(&gamma), static_cast<const FloatTensor*>(&beta), &mean, &variance})
    ZKI_RETURN_IF_ERROR(check_count(*tensor, {channels}, "statistics"));
  Net& net = call.net;
  // Where the channels are the second axis of some tensor, as they are for ONNX.
  const bool is_last = axis + 1 == input.rank() && input.rank() > 2;
  if (is_last || axis == 1) {
    const Value x = is_last ? net.channels_first(input) : net.plain(input);
    return Outputs{net.unary("BatchNormalization", x, {{"epsilon", epsilon}},
                             {net.parameter(call.key("gamma"), {channels}, gamma.data()),
                              net.parameter(call.key("beta"), {channels}, beta.data()),
                              net.parameter(call.key("moving_mean"), {channels}, mean.data()),
                              net.parameter(call.key("moving_variance"), {channels}, variance.data())})};
  }
  const Value x = net.plain(input);
  for (std::size_t i = 0; i < gamma.data().size(); ++i) {
    gamma[i] = static_cast<float>(gamma[i] / std::sqrt(static_cast<double>(variance[i]) + epsilon));
    beta[i] = beta[i] - mean[i] * gamma[i];
  }
  const Dims dims = broadcast_dims(x, axes);
  ZKI_ASSIGN_OR_RETURN(const Value scaled,
                       net.binary("Mul", x, net.parameter_value(call.key("scale"), dims, gamma.data())));
  ZKI_ASSIGN_OR_RETURN(const Value shifted,
                       net.binary("Add", scaled, net.parameter_value(call.key("shift"), dims, beta.data())));
  return Outputs{shifted};
}

// y * gamma + beta along the axes.
Result<Value> scaled(LayerCall& call, Value y, const std::vector<std::size_t>& axes, const FloatTensor* gamma,
                     const FloatTensor* beta) {
  const Dims dims = broadcast_dims(y, axes);
  for (const auto& [op, tensor, role] : {std::tuple("Mul", gamma, "gamma"), std::tuple("Add", beta, "beta")}) {
    if (tensor == nullptr) continue;
    ZKI_RETURN_IF_ERROR(check_count(*tensor, dims, role));
    ZKI_ASSIGN_OR_RETURN(y, call.net.binary(op, y, call.net.parameter_value(call.key(role), dims, tensor->data())));
  }
  return y;
}

// x / sqrt(mean(x^2) + epsilon)
Result<Value> over_root_mean_square(Net& net, const Value& x, const Dims& axes, double epsilon) {
  ZKI_ASSIGN_OR_RETURN(const Value square, net.binary("Mul", x, x));
  const Value mean = net.with_number("Add", net.reduce("ReduceMean", square, axes, true), epsilon);
  return net.binary("Div", x, net.unary("Sqrt", mean));
}

Result<Outputs> run_layer(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Value input, call.input());
  const bool rms = call.config.flag("rms_scaling", false);
  const bool scale = call.config.flag("scale", true) || rms, center = call.config.flag("center", true) && !rms;
  ZKI_ASSIGN_OR_RETURN(const std::vector<FloatTensor> weights, call.weights.take((scale ? 1 : 0) + (center ? 1 : 0)));
  Net& net = call.net;
  const Value x = net.plain(input);
  ZKI_ASSIGN_OR_RETURN(const std::vector<std::size_t> axes, axes_of(call.config, x.rank(), {-1}));
  const double epsilon = call.config.number("epsilon", 1e-3);
  if (rms) return refusal("LayerNormalization with rms_scaling", "use RMSNormalization");
  const FloatTensor* gamma = scale ? &weights[0] : nullptr;
  const FloatTensor* beta = center ? &weights[scale ? 1 : 0] : nullptr;
  const bool trailing = axes.back() + 1 == x.rank() && axes.back() - axes.front() + 1 == axes.size();
  Value y;
  if (trailing) {
    const Dims dims(x.dims.begin() + static_cast<std::ptrdiff_t>(axes.front()), x.dims.end());
    const std::vector<float> ones(static_cast<std::size_t>(product(dims, 0, dims.size())), 1.0F);
    if (gamma != nullptr) ZKI_RETURN_IF_ERROR(check_count(*gamma, dims, "gamma"));
    if (beta != nullptr) ZKI_RETURN_IF_ERROR(check_count(*beta, dims, "beta"));
    std::vector<std::string> more{net.parameter(call.key(gamma != nullptr ? "gamma" : "ones"), dims,
                                                gamma != nullptr ? gamma->data() : std::span<const float>(ones))};
    if (beta != nullptr) more.push_back(net.parameter(call.key("beta"), dims, beta->data()));
    return Outputs{net.unary("LayerNormalization", x, {{"axis", axes.front()}, {"epsilon", epsilon}}, more)};
  }
  ZKI_ASSIGN_OR_RETURN(const Value centered, net.binary("Sub", x, net.reduce("ReduceMean", x, as_dims(axes), true)));
  ZKI_ASSIGN_OR_RETURN(y, over_root_mean_square(net, centered, as_dims(axes), epsilon));
  ZKI_ASSIGN_OR_RETURN(y, scaled(call, y, axes, gamma, beta));
  return Outputs{y};
}

Result<Outputs> run_rms(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Value input, call.input());
  ZKI_ASSIGN_OR_RETURN(const std::vector<FloatTensor> weights, call.weights.take(1));
  const Value x = call.net.plain(input);
  ZKI_ASSIGN_OR_RETURN(const std::vector<std::size_t> axes, axes_of(call.config, x.rank(), {-1}));
  ZKI_ASSIGN_OR_RETURN(Value y, over_root_mean_square(call.net, x, as_dims(axes), call.config.number("epsilon", 1e-6)));
  ZKI_ASSIGN_OR_RETURN(y, scaled(call, y, axes, &weights[0], nullptr));
  return Outputs{y};
}

Result<Outputs> run_group(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Value input, call.input());
  const bool scale = call.config.flag("scale", true), center = call.config.flag("center", true);
  ZKI_ASSIGN_OR_RETURN(const std::vector<FloatTensor> weights, call.weights.take((scale ? 1 : 0) + (center ? 1 : 0)));
  ZKI_ASSIGN_OR_RETURN(const std::vector<std::size_t> axes, axes_of(call.config, input.rank(), {-1}));
  const bool is_last = axes.size() == 1 && axes[0] + 1 == input.rank();
  if (input.rank() < 3 || axes.size() != 1 || (!is_last && axes[0] != 1))
    return refusal("group normalization along that axis", "use the last axis or the second");
  Net& net = call.net;
  const std::int64_t channels = input.dims[axes[0]];
  ZKI_ASSIGN_OR_RETURN(std::int64_t groups, call.config.integer("groups", 32));
  if (groups == -1) groups = channels;
  if (groups < 1 || channels % groups != 0)
    return invalid_argument(std::to_string(channels) + " channels do not make " + std::to_string(groups) + " groups");
  std::vector<float> gamma(static_cast<std::size_t>(channels), 1.0F), beta(static_cast<std::size_t>(channels), 0.0F);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    ZKI_RETURN_IF_ERROR(check_count(weights[i], {channels}, "scale"));
    std::vector<float>& to = scale && i == 0 ? gamma : beta;
    to.assign(weights[i].data().begin(), weights[i].data().end());
  }
  const Value x = is_last ? net.channels_first(input) : net.plain(input);
  return Outputs{net.unary(
      "GroupNormalization", x, {{"num_groups", groups}, {"epsilon", call.config.number("epsilon", 1e-3)}},
      {net.parameter(call.key("gamma"), {channels}, gamma), net.parameter(call.key("beta"), {channels}, beta)})};
}

Result<Outputs> run_unit(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Value input, call.input());
  Net& net = call.net;
  const Value x = net.plain(input);
  ZKI_ASSIGN_OR_RETURN(const std::vector<std::size_t> axes, axes_of(call.config, x.rank(), {-1}));
  ZKI_ASSIGN_OR_RETURN(const Value square, net.binary("Mul", x, x));
  constexpr double kLeast = 1e-12;
  const Value sum = net.with_number("Max", net.reduce("ReduceSum", square, as_dims(axes), true), kLeast);
  ZKI_ASSIGN_OR_RETURN(const Value y, net.binary("Div", x, net.unary("Sqrt", sum)));
  return Outputs{y};
}

constexpr Entry kEntries[] = {
    {"BatchNormalization", run_batch},     {"BatchNormalizationV1", run_batch}, {"BatchNormalizationV2", run_batch},
    {"SyncBatchNormalization", run_batch}, {"LayerNormalization", run_layer},   {"RMSNormalization", run_rms},
    {"GroupNormalization", run_group},     {"UnitNormalization", run_unit},
};

}  // namespace

std::span<const Entry> normalization_layers() { return kEntries; }

}  // namespace zkinfer::frontend_keras
