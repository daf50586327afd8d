// SPDX-License-Identifier: Apache-2.0
// Convolutions, pools and products: channels first from here to the next operator that asks otherwise.
#include <array>
#include <cmath>

#include <onnx/onnx_pb.h>

#include "base/text.h"
#include "frontend/tflite/lowering.h"

namespace zkinfer::frontend_tflite {

namespace {

// Fields of the options' tables, by number.
constexpr int kPadding = 0;  // of all that have one
namespace conv_fields {
constexpr int kStrideW = 1, kStrideH = 2, kActivation = 3, kDilationW = 4, kDilationH = 5;
}
namespace depthwise_fields {
constexpr int kActivation = 4, kDilationW = 5, kDilationH = 6;
}
namespace conv3d_fields {
constexpr int kStrideD = 1, kStrideW = 2, kStrideH = 3, kActivation = 4, kDilationD = 5, kDilationW = 6, kDilationH = 7;
}
namespace transpose_conv_fields {
constexpr int kStrideW = 1, kStrideH = 2, kActivation = 3;
}
namespace pool_fields {
constexpr int kStrideW = 1, kStrideH = 2, kWidth = 3, kHeight = 4, kActivation = 5;
}
namespace full_fields {
constexpr int kActivation = 0, kFormat = 1, kKeepDims = 2;
}

Result<std::string> auto_pad(const Operation& op) {
  switch (const auto padding = op.options().number<std::int8_t>(kPadding)) {
    case 0: return std::string("SAME_UPPER");
    case 1: return std::string("VALID");
    default: return corrupt("padding " + std::to_string(padding));
  }
}

std::int64_t positive(const Operation& op, int field, std::int32_t missing) {
  return op.options().number<std::int32_t>(field, missing);
}

Status check_positive(std::string_view what, const Dims& list) {
  for (const std::int64_t x : list)
    if (x < 1) return corrupt(std::string(what) + " of " + dims_to_string(list));
  return ok_status();
}

Status check_rank(const Operation& op, std::size_t i, std::size_t rank) {
  if (op.tensor(i).shape.size() == rank) return ok_status();
  return corrupt("input " + std::to_string(i) + " of shape " + dims_to_string(op.tensor(i).shape) + ", expected rank " +
                 std::to_string(rank));
}

// Float activations with integer weights: TFLite rounds the activations to 8 bits as it goes.
void note_hybrid(Operation& op, std::size_t weight) {
  if (!op.tensor(weight).quantized() || op.g.tensor(op.output()).quantized() ||
      !is_float(op.g.tensor(op.output()).type))
    return;
  op.g.builder().note("operator " + in_quotes(op.part()) + " (" + std::string(op.name()) +
                      "): its weights are integers and its inputs floats, which are taken as they are; TFLite rounds "
                      "them to 8 bits with a scale of each inference");
}

// The weights with these axes first, from a constant or computed.
std::string weights(Operation& op, std::size_t i, const Dims& perm) {
  const int t = op.input(i);
  if (op.g.is_constant(t)) return op.g.parameter(t, perm);
  return op.node("Transpose", {op.real(i)}, {{"perm", perm}});
}

// The reference kernels of convolutions in 8 bits round a sum twice: times a factor of at least 1/2 to a whole number, then that by 2^s, halves away from
// zero. The two are one rounding that steps 2^-(s+1) earlier, away from zero. Per output channel, in reals; empty where nothing is
// rounded twice.
std::vector<float> early_steps(const Operation& op, std::size_t input, std::size_t weight) {
  const Tensor& x = op.tensor(input);
  const Tensor& w = op.tensor(weight);
  const Tensor& y = op.g.tensor(op.output());
  const bool bytes = (y.type == Type::kInt8 || y.type == Type::kUint8) && y.scales.size() == 1 && x.scales.size() == 1;
  if (!bytes || !w.quantized() || y.shape.empty()) return {};
  const auto channels = static_cast<std::size_t>(y.shape.back());
  if (w.scales.size() != 1 && w.scales.size() != channels) return {};
  std::vector<float> out;
  bool any = false;
  for (std::size_t i = 0; i < channels; ++i) {
    const auto scale = static_cast<double>(y.scales[0]);
    const auto weight_scale = static_cast<double>(w.scales[w.scales.size() == 1 ? 0 : i]);
    const double factor = static_cast<double>(x.scales[0]) * weight_scale / scale;
    int exponent = 0;
    static_cast<void>(std::frexp(factor, &exponent));
    const bool twice = std::isfinite(factor) && exponent < 0 && exponent > -31;
    out.push_back(twice ? static_cast<float>(std::ldexp(scale, exponent - 1)) : 0.0F);
    any |= twice;
  }
  return any ? out : std::vector<float>();
}

// Whether what is below zero becomes zero in any case.
bool cuts_negatives(const Operation& op, int activation) {
  constexpr int kRelu = 1, kRelu6 = 3;
  const auto kind = op.options().number<std::int8_t>(activation);
  const Tensor& y = op.g.tensor(op.output());
  return kind == kRelu || kind == kRelu6 || y.zero(0) == (y.type == Type::kInt8 ? -128 : 0);
}

// A sum of products with its bias, rounded as TFLite does: `made(sign, bias)` appends the products times sign.
template <class Made>
Status rounded_sum(Operation& op, std::size_t input, std::size_t weight, std::size_t bias, int activation,
                   Layout layout, const Made& made) {
  const std::string b = op.has_input(bias) ? op.real(bias) : std::string();
  std::vector<float> early = early_steps(op, input, weight);
  if (early.empty()) {
    ZKI_ASSIGN_OR_RETURN(const std::string y, op.activated(made(1, b), activation));
    return op.finish(y, layout);
  }
  const std::string steps = op.g.builder().floats({}, {static_cast<std::int64_t>(early.size())}, early);
  const std::string above = made(1, b.empty() ? steps : op.node("Add", {b, steps}));
  if (cuts_negatives(op, activation)) {
    ZKI_ASSIGN_OR_RETURN(const std::string y, op.activated(above, activation));
    return op.finish(y, layout);
  }
  // What is above zero, less what is below: each is rounded from zero on.
  const Tensor& y = op.g.tensor(op.output());
  const float scale = y.scales[0];
  const std::int64_t least = y.type == Type::kInt8 ? -128 : 0;
  const std::string unit = op.number(scale);
  const std::string zero = op.g.builder().scalar(0, onnx::TensorProto::UINT8);
  const auto from_zero = [&](const std::string& x, std::int64_t most) {
    const std::string cut = op.node("Clip", {x, op.number(0), op.number(scale * static_cast<float>(most))});
    return op.node("DequantizeLinear", {op.node("QuantizeLinear", {cut, unit, zero}), unit, zero});
  };
  const std::string below = made(-1, b.empty() ? steps : op.node("Sub", {steps, b}));
  ZKI_ASSIGN_OR_RETURN(
      const std::string z,
      op.activated(op.node("Sub", {from_zero(above, least + 255 - y.zero(0)), from_zero(below, y.zero(0) - least)}),
                   activation));
  op.g.set_real(op.output(), z, layout, true);
  return op.g.status();
}

Status convolution(Operation& op, const Dims& perm, const Dims& strides, const Dims& dilations, std::int64_t groups,
                   int activation) {
  ZKI_RETURN_IF_ERROR(check_positive("strides", strides));
  ZKI_RETURN_IF_ERROR(check_positive("dilations", dilations));
  ZKI_ASSIGN_OR_RETURN(const std::string pad, auto_pad(op));
  note_hybrid(op, 1);
  const std::string x = op.real(0, Layout::kFirst);
  const std::string w = weights(op, 1, perm);
  return rounded_sum(op, 0, 1, 2, activation, Layout::kFirst, [&](int sign, const std::string& bias) {
    Names inputs{x, sign > 0 ? w : op.node("Neg", {w})};
    if (!bias.empty()) inputs.push_back(bias);
    return op.node("Conv", inputs,
                   {{"strides", strides}, {"dilations", dilations}, {"auto_pad", pad}, {"group", groups}});
  });
}

Status read_conv(Operation& op) {
  using namespace conv_fields;
  ZKI_RETURN_IF_ERROR(op.require(2));
  for (const std::size_t i : {0, 1}) ZKI_RETURN_IF_ERROR(check_rank(op, i, 4));
  ZKI_ASSIGN_OR_RETURN(const std::int64_t channels, fixed_length(op.tensor(0), 3));
  const std::int64_t per_group = op.tensor(1).shape[3];
  if (per_group < 1 || channels % per_group != 0)
    return corrupt("weights of shape " + dims_to_string(op.tensor(1).shape) + " for " + std::to_string(channels) +
                   " channels");
  return convolution(op, {0, 3, 1, 2}, {positive(op, kStrideH, 1), positive(op, kStrideW, 1)},
                     {positive(op, kDilationH, 1), positive(op, kDilationW, 1)}, channels / per_group, kActivation);
}

Status read_depthwise(Operation& op) {
  using namespace depthwise_fields;
  ZKI_RETURN_IF_ERROR(op.require(2));
  for (const std::size_t i : {0, 1}) ZKI_RETURN_IF_ERROR(check_rank(op, i, 4));
  return convolution(op, {3, 0, 1, 2}, {positive(op, conv_fields::kStrideH, 1), positive(op, conv_fields::kStrideW, 1)},
                     {positive(op, kDilationH, 1), positive(op, kDilationW, 1)}, op.tensor(0).shape[3], kActivation);
}

Status read_conv3d(Operation& op) {
  using namespace conv3d_fields;
  ZKI_RETURN_IF_ERROR(op.require(2));
  for (const std::size_t i : {0, 1}) ZKI_RETURN_IF_ERROR(check_rank(op, i, 5));
  const std::int64_t per_group = op.tensor(1).shape[3];
  if (per_group < 1 || op.tensor(0).shape[4] % per_group != 0) return corrupt("weights that do not fit the channels");
  return convolution(op, {4, 3, 0, 1, 2},
                     {positive(op, kStrideD, 1), positive(op, kStrideH, 1), positive(op, kStrideW, 1)},
                     {positive(op, kDilationD, 1), positive(op, kDilationH, 1), positive(op, kDilationW, 1)},
                     op.tensor(0).shape[4] / per_group, kActivation);
}

// Inputs: shape of the output, weights [out, height, width, in], x, bias.
Status read_transpose_conv(Operation& op) {
  using namespace transpose_conv_fields;
  ZKI_RETURN_IF_ERROR(op.require(3));
  for (const std::size_t i : {1, 2}) ZKI_RETURN_IF_ERROR(check_rank(op, i, 4));
  // Of an open batch the shape is computed, and its other lengths are what the converter stored beside the output.
  Dims shape = op.g.tensor(op.output()).shape;
  const bool computed = !op.g.is_constant(op.input(0));
  if (!computed) {
    ZKI_ASSIGN_OR_RETURN(shape, op.g.integers(op.input(0), "the shape of the output"));
  }
  if (shape.size() != 4) return corrupt("a shape of the output of " + std::to_string(shape.size()) + " axes");
  ZKI_ASSIGN_OR_RETURN(const std::string padding, auto_pad(op));
  const Dims strides{positive(op, kStrideH, 1), positive(op, kStrideW, 1)};
  ZKI_RETURN_IF_ERROR(check_positive("strides", strides));
  const Tensor& x = op.tensor(2);
  const Tensor& w = op.tensor(1);
  Dims begin, end, more;
  for (std::size_t axis = 0; axis < 2; ++axis) {
    if (x.open[axis + 1] || (computed && op.g.tensor(op.output()).open[axis + 1]))
      return unsupported("an image of open size | convert the model with a fixed one");
    const std::int64_t full = (x.shape[axis + 1] - 1) * strides[axis] + w.shape[axis + 1];
    const std::int64_t cut = padding == "VALID" ? 0 : std::max<std::int64_t>(full - shape[axis + 1], 0);
    const std::int64_t rest = shape[axis + 1] - (full - cut);
    if (rest < 0 || rest >= strides[axis])
      return corrupt("an output of shape " + dims_to_string(shape) + " of one of shape " + dims_to_string(x.shape));
    begin.push_back(cut / 2);
    end.push_back(cut - cut / 2);
    more.push_back(rest);
  }
  begin.insert(begin.end(), end.begin(), end.end());
  const std::string image = op.real(2, Layout::kFirst);
  const std::string kernel = weights(op, 1, {3, 0, 1, 2});
  return rounded_sum(op, 2, 1, 3, kActivation, Layout::kFirst, [&](int sign, const std::string& bias) {
    Names inputs{image, sign > 0 ? kernel : op.node("Neg", {kernel})};
    if (!bias.empty()) inputs.push_back(bias);
    return op.node("ConvTranspose", inputs, {{"strides", strides}, {"pads", begin}, {"output_padding", more}});
  });
}

Status read_fully_connected(Operation& op) {
  using namespace full_fields;
  ZKI_RETURN_IF_ERROR(op.require(2));
  ZKI_RETURN_IF_ERROR(check_rank(op, 1, 2));
  if (op.options().number<std::int8_t>(kFormat) != 0)
    return unsupported("weights in shuffled order | convert the model again, without it");
  const std::int64_t width = op.tensor(1).shape[1];
  std::string x = op.real(0);
  const bool keeps = op.options().flag(kKeepDims) && op.tensor(0).shape.size() != 2;
  if (!keeps && (op.tensor(0).shape.size() != 2 || op.tensor(0).open[1] || op.tensor(0).shape[1] != width))
    x = op.node("Reshape", {x, op.list({-1, width})});
  note_hybrid(op, 1);
  const std::string w = weights(op, 1, keeps ? Dims{1, 0} : Dims{0, 1});
  std::string y;
  if (keeps) {
    y = op.node("MatMul", {x, w});
    if (op.has_input(2)) y = op.node("Add", {y, op.real(2)});
  } else {
    Names inputs{x, w};
    if (op.has_input(2)) inputs.push_back(op.real(2));
    y = op.node("Gemm", inputs, {{"transB", 1}});
  }
  ZKI_ASSIGN_OR_RETURN(y, op.activated(y, kActivation));
  return op.finish(y);
}

Status read_batch_matmul(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(2));
  const auto operand = [&](std::size_t i) -> Result<std::string> {
    std::string x = op.real(i);
    const std::size_t rank = op.tensor(i).shape.size();
    if (rank < 2) return corrupt("an operand of rank " + std::to_string(rank));
    if (!op.options().flag(static_cast<int>(i))) return x;
    Dims perm;
    for (std::size_t axis = 0; axis < rank; ++axis) perm.push_back(static_cast<std::int64_t>(axis));
    std::swap(perm[rank - 1], perm[rank - 2]);
    return op.node("Transpose", {x}, {{"perm", perm}});
  };
  ZKI_ASSIGN_OR_RETURN(const std::string a, operand(0));
  ZKI_ASSIGN_OR_RETURN(const std::string b, operand(1));
  note_hybrid(op, 1);
  return op.finish(op.node("MatMul", {a, b}));
}

Result<Attributes> window(const Operation& op) {
  using namespace pool_fields;
  ZKI_RETURN_IF_ERROR(op.require(1));
  ZKI_RETURN_IF_ERROR(check_rank(op, 0, 4));
  ZKI_ASSIGN_OR_RETURN(const std::string pad, auto_pad(op));
  const Dims kernel{positive(op, kHeight, 0), positive(op, kWidth, 0)};
  const Dims strides{positive(op, kStrideH, 0), positive(op, kStrideW, 0)};
  ZKI_RETURN_IF_ERROR(check_positive("a window", kernel));
  ZKI_RETURN_IF_ERROR(check_positive("strides", strides));
  return Attributes{{"kernel_shape", kernel}, {"strides", strides}, {"auto_pad", pad}};
}

std::int64_t pool_size(const Operation& op) {
  return positive(op, pool_fields::kHeight, 0) * positive(op, pool_fields::kWidth, 0);
}

Status read_max_pool(Operation& op) {
  ZKI_ASSIGN_OR_RETURN(const Attributes attributes, window(op));
  const std::string y = op.node("MaxPool", {op.real(0, Layout::kFirst)}, attributes);
  ZKI_ASSIGN_OR_RETURN(const std::string z, op.activated(y, pool_fields::kActivation));
  const bool on_grid = op.options().number<std::int8_t>(pool_fields::kActivation) == 0;
  op.g.set_real(op.output(), z, Layout::kFirst, on_grid && op.g.same_grid(op.input(0), op.output()));
  return op.g.status();
}

Status read_average_pool(Operation& op) {
  ZKI_ASSIGN_OR_RETURN(const Attributes attributes, window(op));
  std::string y = op.node("AveragePool", {op.real(0, Layout::kFirst)}, attributes);
  const Tensor& x = op.tensor(0);
  const std::int64_t window_size = pool_size(op);
  // Windows at the border are smaller where there is padding.
  const bool may_lie_between =
      window_size % 2 == 0 || (op.options().number<std::int8_t>(kPadding) == 0 && window_size > 1);
  if (x.quantized() && x.scales.size() == 1 && op.g.same_grid(op.input(0), op.output()) && may_lie_between &&
      window_size <= 1 << 16) {
    // Means of the stored integers that lie in the middle go away from zero there: a step aside that decides nothing else.
    const float scale = x.scales[0];
    const float aside = scale / static_cast<float>(4 * window_size);
    const float zero = -scale * static_cast<float>(x.zero(0));
    const std::string negative = op.node("Less", {y, op.number(zero)});
    y = op.node("Add", {y, op.node("Where", {negative, op.number(-aside), op.number(aside)})});
  }
  ZKI_ASSIGN_OR_RETURN(const std::string z, op.activated(y, pool_fields::kActivation));
  return op.finish(z, Layout::kFirst);
}

Status read_l2_pool(Operation& op) {
  ZKI_ASSIGN_OR_RETURN(const Attributes attributes, window(op));
  const std::string x = op.real(0, Layout::kFirst);
  const std::string mean = op.node("AveragePool", {op.node("Mul", {x, x})}, attributes);
  ZKI_ASSIGN_OR_RETURN(const std::string z, op.activated(op.node("Sqrt", {mean}), pool_fields::kActivation));
  return op.finish(z, Layout::kFirst);
}

constexpr auto kRows = std::to_array<Row>({
    {"CONV_2D", read_conv},
    {"DEPTHWISE_CONV_2D", read_depthwise},
    {"CONV_3D", read_conv3d},
    {"TRANSPOSE_CONV", read_transpose_conv},
    {"FULLY_CONNECTED", read_fully_connected},
    {"BATCH_MATMUL", read_batch_matmul},
    {"MAX_POOL_2D", read_max_pool},
    {"AVERAGE_POOL_2D", read_average_pool},
    {"L2_POOL_2D", read_l2_pool},
});

}  // namespace

std::span<const Row> contract_rows() { return kRows; }

}  // namespace zkinfer::frontend_tflite
