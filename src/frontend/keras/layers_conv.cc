// SPDX-License-Identifier: Apache-2.0
// Convolutions of one to three axes. Kernels lie [window.., in, out] in Keras and [out, in, window..] in ONNX.
#include <algorithm>
#include <numeric>

#include "frontend/keras/layer.h"
#include "frontend/keras/windows.h"

namespace zkinfer::frontend_keras {

Result<Spatial> spatial_input(LayerCall& call, std::size_t rank) {
  ZKI_ASSIGN_OR_RETURN(Value x, call.input());
  Spatial out;
  ZKI_ASSIGN_OR_RETURN(out.keras_first, call.config.channels_first());
  if (x.rank() != rank + 2)
    return invalid_argument("expected an input of rank " + std::to_string(rank + 2) + ", got " +
                            dims_to_string(x.dims));
  out.value = out.keras_first ? call.net.plain(x) : call.net.channels_first(x);
  out.batch = x.dims[0];
  const std::size_t begin = out.keras_first ? 2 : 1;
  out.lengths.assign(x.dims.begin() + static_cast<std::ptrdiff_t>(begin),
                     x.dims.begin() + static_cast<std::ptrdiff_t>(begin + rank));
  out.channels = out.keras_first ? x.dims[1] : x.last();
  return out;
}

Value Spatial::result(Net& net, const std::string& op, const std::vector<std::string>& inputs,
                      const Attributes& attributes, std::int64_t out_channels, const Dims& out_lengths) const {
  Dims dims{batch};
  if (keras_first) dims.push_back(out_channels);
  dims.insert(dims.end(), out_lengths.begin(), out_lengths.end());
  if (!keras_first) dims.push_back(out_channels);
  return net.node(op, inputs, attributes, std::move(dims), !keras_first);
}

Result<Windows> read_windows(const Config& config, std::string_view size_key, std::size_t rank, bool is_pool) {
  Windows out;
  ZKI_ASSIGN_OR_RETURN(out.size, config.sizes(size_key, rank, is_pool ? std::optional<std::int64_t>(2) : std::nullopt));
  out.stride = out.size;
  if (!is_pool || !config["strides"].is_null()) {
    ZKI_ASSIGN_OR_RETURN(out.stride, config.sizes("strides", rank, 1));
  }
  ZKI_ASSIGN_OR_RETURN(out.dilation, config.sizes("dilation_rate", rank, 1));
  out.padding = config.text("padding", "valid");
  for (char& c : out.padding)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (out.padding != "valid" && out.padding != "same" && !(out.padding == "causal" && rank == 1 && !is_pool))
    return corrupt("its padding is '" + out.padding + "'");
  return out;
}

Status Windows::fit(const Dims& lengths) {
  out.clear();
  begin.clear();
  end.clear();
  for (std::size_t i = 0; i < size.size(); ++i) {
    const std::int64_t reach = (size[i] - 1) * dilation[i] + 1;
    std::int64_t before = 0, after = 0;
    if (padding == "same") {
      const std::int64_t count = (lengths[i] + stride[i] - 1) / stride[i];
      const std::int64_t total = std::max<std::int64_t>((count - 1) * stride[i] + reach - lengths[i], 0);
      before = total / 2;
      after = total - before;
    } else if (padding == "causal") {
      before = reach - 1;
    }
    const std::int64_t room = lengths[i] + before + after - reach;
    if (room < 0)
      return invalid_argument("a window of " + std::to_string(reach) + " does not fit into " +
                              std::to_string(lengths[i]) + " elements; its output would be empty");
    out.push_back(room / stride[i] + 1);
    begin.push_back(before);
    end.push_back(after);
  }
  return ok_status();
}

Dims Windows::pads() const {
  Dims all = begin;
  all.insert(all.end(), end.begin(), end.end());
  return all;
}

namespace {

Result<Outputs> activated(LayerCall& call, const Value& y) {
  ZKI_ASSIGN_OR_RETURN(Value out, call.activated(y));
  return Outputs{std::move(out)};
}

Status check_kernel(const FloatTensor& kernel, std::size_t rank, const Windows& windows) {
  bool fits = kernel.shape().rank() == rank + 2;
  for (std::size_t i = 0; fits && i < rank; ++i) fits = kernel.shape()[i] == windows.size[i];
  if (fits) return ok_status();
  return corrupt("its kernel in the file is " + kernel.shape().to_string() + ", which its configuration does not say");
}

// [window.., a, b] -> [b, a, window..]
FloatTensor windows_last(const FloatTensor& kernel, bool swap) {
  const std::size_t rank = kernel.shape().rank() - 2;
  std::vector<std::size_t> perm{rank + (swap ? 1 : 0), rank + (swap ? 0 : 1)};
  for (std::size_t i = 0; i < rank; ++i) perm.push_back(i);
  return permuted(kernel, perm);
}

// The depthwise kernel [window.., in, multiplier] as ONNX has it, [in * multiplier, 1, window..].
FloatTensor depthwise_kernel(const FloatTensor& kernel) {
  const std::size_t rank = kernel.shape().rank() - 2;
  FloatTensor moved = windows_last(kernel, false);
  Dims dims{moved.shape()[0] * moved.shape()[1], 1};
  for (std::size_t i = 0; i < rank; ++i) dims.push_back(kernel.shape()[i]);
  return std::move(moved).reshaped(Shape(dims));
}

std::vector<std::string> with_bias(LayerCall& call, const Spatial& x, const std::string& kernel,
                                   const FloatTensor* bias) {
  std::vector<std::string> inputs{x.value.name, kernel};
  if (bias != nullptr) inputs.push_back(call.net.parameter(call.key("bias"), *bias));
  return inputs;
}

Status check_bias(const FloatTensor* bias, std::int64_t channels) {
  if (bias == nullptr || (bias->shape().rank() == 1 && bias->num_elements() == channels)) return ok_status();
  return corrupt("its bias in the file is " + bias->shape().to_string() + ", expected [" + std::to_string(channels) +
                 "]");
}

Attributes conv_attributes(const Windows& windows, std::int64_t groups) {
  return {{"kernel_shape", windows.size},
          {"strides", windows.stride},
          {"dilations", windows.dilation},
          {"pads", windows.pads()},
          {"group", groups}};
}

// What every layer with kernels has.
struct Parts {
  Spatial x;
  Windows windows;
  std::vector<FloatTensor> weights;  // kernels, and the bias if there is one
  bool has_bias = true;

  const FloatTensor* bias() const { return has_bias ? &weights.back() : nullptr; }
};

Result<Parts> parts_of(LayerCall& call, std::size_t rank, std::size_t num_kernels) {
  Parts parts;
  ZKI_ASSIGN_OR_RETURN(parts.x, spatial_input(call, rank));
  ZKI_ASSIGN_OR_RETURN(parts.windows, read_windows(call.config, "kernel_size", rank, false));
  parts.has_bias = call.config.flag("use_bias", true);
  ZKI_ASSIGN_OR_RETURN(parts.weights, call.weights.take(num_kernels + (parts.has_bias ? 1 : 0)));
  return parts;
}

template <std::size_t kRank>
Result<Outputs> run_conv(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(Parts parts, parts_of(call, kRank, 1));
  auto& [x, windows, weights, has_bias] = parts;
  ZKI_RETURN_IF_ERROR(windows.fit(x.lengths));
  ZKI_RETURN_IF_ERROR(check_kernel(weights[0], kRank, windows));
  ZKI_ASSIGN_OR_RETURN(const std::int64_t groups, call.config.integer("groups", 1));
  const std::int64_t in = weights[0].shape()[kRank], out = weights[0].shape()[kRank + 1];
  ZKI_RETURN_IF_ERROR(call.config.agrees("filters", out));
  if (groups < 1 || in * groups != x.channels || out % groups != 0)
    return invalid_argument("its kernel " + weights[0].shape().to_string() + " does not meet " +
                            std::to_string(x.channels) + " channels");
  const FloatTensor* bias = parts.bias();
  ZKI_RETURN_IF_ERROR(check_bias(bias, out));
  const std::string kernel = call.net.parameter(call.key("kernel"), windows_last(weights[0], true));
  return activated(call, x.result(call.net, "Conv", with_bias(call, x, kernel, bias), conv_attributes(windows, groups),
                                  out, windows.out));
}

Result<Value> depthwise(LayerCall& call, const Spatial& x, Windows& windows, const FloatTensor& kernel,
                        const FloatTensor* bias) {
  const std::size_t rank = windows.size.size();
  ZKI_RETURN_IF_ERROR(windows.fit(x.lengths));
  ZKI_RETURN_IF_ERROR(check_kernel(kernel, rank, windows));
  if (kernel.shape()[rank] != x.channels)
    return invalid_argument("its kernel " + kernel.shape().to_string() + " does not meet " +
                            std::to_string(x.channels) + " channels");
  ZKI_RETURN_IF_ERROR(call.config.agrees("depth_multiplier", kernel.shape()[rank + 1]));
  const std::int64_t out = x.channels * kernel.shape()[rank + 1];
  ZKI_RETURN_IF_ERROR(check_bias(bias, out));
  const std::string weight = call.net.parameter(call.key("depthwise_kernel"), depthwise_kernel(kernel));
  return x.result(call.net, "Conv", with_bias(call, x, weight, bias), conv_attributes(windows, x.channels), out,
                  windows.out);
}

template <std::size_t kRank>
Result<Outputs> run_depthwise(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(Parts parts, parts_of(call, kRank, 1));
  ZKI_ASSIGN_OR_RETURN(const Value y, depthwise(call, parts.x, parts.windows, parts.weights[0], parts.bias()));
  return activated(call, y);
}

template <std::size_t kRank>
Result<Outputs> run_separable(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(Parts parts, parts_of(call, kRank, 2));
  auto& [x, windows, weights, has_bias] = parts;
  ZKI_ASSIGN_OR_RETURN(Value y, depthwise(call, x, windows, weights[0], nullptr));
  Spatial middle = x;
  middle.value = y;
  middle.channels = x.channels * weights[0].shape()[kRank + 1];
  const Shape& pointwise = weights[1].shape();
  if (pointwise.rank() != kRank + 2 || pointwise.num_elements(0, kRank) != 1 || pointwise[kRank] != middle.channels)
    return corrupt("its pointwise kernel in the file is " + pointwise.to_string());
  const FloatTensor* bias = parts.bias();
  const std::int64_t out = pointwise[kRank + 1];
  ZKI_RETURN_IF_ERROR(call.config.agrees("filters", out));
  ZKI_RETURN_IF_ERROR(check_bias(bias, out));
  const std::string kernel = call.net.parameter(call.key("pointwise_kernel"), windows_last(weights[1], true));
  return activated(call, middle.result(call.net, "Conv", with_bias(call, middle, kernel, bias),
                                       {{"kernel_shape", Dims(kRank, 1)}}, out, windows.out));
}

// As TensorFlow defines it: the gradient of the convolution whose output has the input's lengths. What the kernel writes before and
// behind the output's lengths is cut off.
template <std::size_t kRank>
Result<Outputs> run_transposed(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Parts parts, parts_of(call, kRank, 1));
  const auto& [x, windows, weights, has_bias] = parts;
  ZKI_RETURN_IF_ERROR(check_kernel(weights[0], kRank, windows));
  const Json& given = call.config["output_padding"];
  Dims extra;
  if (!given.is_null()) {
    ZKI_ASSIGN_OR_RETURN(extra, call.config.integers("output_padding", {}));
    if (extra.size() == 1) extra.resize(kRank, extra[0]);
    if (extra.size() != kRank) return corrupt("its output_padding is damaged");
  }
  Dims begin, end, more, lengths;
  for (std::size_t i = 0; i < kRank; ++i) {
    const std::int64_t stride = windows.stride[i];
    const std::int64_t reach = (windows.size[i] - 1) * windows.dilation[i] + 1;
    const std::int64_t full = (x.lengths[i] - 1) * stride + reach;
    const bool same = windows.padding == "same";
    std::int64_t length = 0;
    if (!extra.empty())
      length = full - (same ? 2 * (reach / 2) : 0) + extra[i];
    else
      length = x.lengths[i] * stride + (same ? 0 : std::max<std::int64_t>(reach - stride, 0));
    if (length < 1) return invalid_argument("its output would be empty");
    const std::int64_t cut = same ? std::max<std::int64_t>((x.lengths[i] - 1) * stride + reach - length, 0) / 2 : 0;
    const std::int64_t rest = full - cut - length;
    begin.push_back(cut);
    end.push_back(std::max<std::int64_t>(rest, 0));
    more.push_back(std::max<std::int64_t>(-rest, 0));
    lengths.push_back(length);
  }
  Dims pads = begin;
  pads.insert(pads.end(), end.begin(), end.end());
  ZKI_ASSIGN_OR_RETURN(const std::int64_t groups, call.config.integer("groups", 1));
  const std::int64_t out = weights[0].shape()[kRank], in = weights[0].shape()[kRank + 1];
  ZKI_RETURN_IF_ERROR(call.config.agrees("filters", out));
  if (groups != 1) return refusal("a transposed convolution in groups", "use one without groups");
  if (in != x.channels)
    return invalid_argument("its kernel " + weights[0].shape().to_string() + " does not meet " +
                            std::to_string(x.channels) + " channels");
  const FloatTensor* bias = parts.bias();
  ZKI_RETURN_IF_ERROR(check_bias(bias, out));
  const std::string kernel = call.net.parameter(call.key("kernel"), windows_last(weights[0], true));
  const Attributes attributes{{"kernel_shape", windows.size},
                              {"strides", windows.stride},
                              {"dilations", windows.dilation},
                              {"pads", pads},
                              {"output_padding", more}};
  return activated(call,
                   x.result(call.net, "ConvTranspose", with_bias(call, x, kernel, bias), attributes, out, lengths));
}

constexpr Entry kEntries[] = {
    {"Conv1D", run_conv<1>},
    {"Conv2D", run_conv<2>},
    {"Conv3D", run_conv<3>},
    {"Convolution1D", run_conv<1>},
    {"Convolution2D", run_conv<2>},
    {"Convolution3D", run_conv<3>},
    {"DepthwiseConv1D", run_depthwise<1>},
    {"DepthwiseConv2D", run_depthwise<2>},
    {"SeparableConv1D", run_separable<1>},
    {"SeparableConv2D", run_separable<2>},
    {"SeparableConvolution1D", run_separable<1>},
    {"SeparableConvolution2D", run_separable<2>},
    {"Conv1DTranspose", run_transposed<1>},
    {"Conv2DTranspose", run_transposed<2>},
    {"Conv3DTranspose", run_transposed<3>},
    {"Convolution2DTranspose", run_transposed<2>},
    {"Convolution3DTranspose", run_transposed<3>},
};

}  // namespace

std::span<const Entry> convolution_layers() { return kEntries; }

}  // namespace zkinfer::frontend_keras
