// SPDX-License-Identifier: Apache-2.0
// Convolutions, pools and products: channels first from here to the next operator that asks otherwise.
#include <array>

#include "base/text.h"
#include "frontend/tflite/lowering.h"

namespace zkinfer::frontend_tflite {

namespace {

// Fields of the options' tables, by number.
namespace conv_fields {
constexpr int kPadding = 0, kStrideW = 1, kStrideH = 2, kActivation = 3, kDilationW = 4, kDilationH = 5;
}
namespace depthwise_fields {
constexpr int kActivation = 4, kDilationW = 5, kDilationH = 6;
}
namespace conv3d_fields {
constexpr int kPadding = 0, kStrideD = 1, kStrideW = 2, kStrideH = 3, kActivation = 4, kDilationD = 5, kDilationW = 6,
              kDilationH = 7;
}
namespace transpose_conv_fields {
constexpr int kPadding = 0, kStrideW = 1, kStrideH = 2, kActivation = 3;
}
namespace pool_fields {
constexpr int kPadding = 0, kStrideW = 1, kStrideH = 2, kWidth = 3, kHeight = 4, kActivation = 5;
}
namespace full_fields {
constexpr int kActivation = 0, kFormat = 1, kKeepDims = 2;
}

Result<std::string> auto_pad(const Operation& op) {
  switch (const auto padding = op.options().number<std::int8_t>(0)) {  // the field of all that have one
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

void add_bias(Operation& op, std::size_t i, Names& inputs) {
  if (op.has_input(i)) inputs.push_back(op.real(i));
}

Status convolution(Operation& op, const Dims& perm, const Dims& strides, const Dims& dilations, std::int64_t groups,
                   int activation) {
  ZKI_RETURN_IF_ERROR(check_positive("strides", strides));
  ZKI_RETURN_IF_ERROR(check_positive("dilations", dilations));
  ZKI_ASSIGN_OR_RETURN(const std::string pad, auto_pad(op));
  Names inputs{op.real(0, Layout::kFirst), weights(op, 1, perm)};
  add_bias(op, 2, inputs);
  note_hybrid(op, 1);
  const std::string y =
      op.node("Conv", inputs, {{"strides", strides}, {"dilations", dilations}, {"auto_pad", pad}, {"group", groups}});
  ZKI_ASSIGN_OR_RETURN(const std::string z, op.activated(y, activation));
  return op.finish(z, Layout::kFirst);
}

Status read_conv(Operation& op) {
  using namespace conv_fields;
  ZKI_RETURN_IF_ERROR(op.require(2));
  for (const std::size_t i : {0, 1}) ZKI_RETURN_IF_ERROR(check_rank(op, i, 4));
  const std::int64_t channels = op.tensor(0).shape[3];
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
  ZKI_ASSIGN_OR_RETURN(const Dims shape, op.g.integers(op.input(0), "the shape of the output"));
  if (shape.size() != 4) return corrupt("a shape of the output of " + std::to_string(shape.size()) + " axes");
  ZKI_ASSIGN_OR_RETURN(const std::string padding, auto_pad(op));
  const Dims strides{positive(op, kStrideH, 1), positive(op, kStrideW, 1)};
  ZKI_RETURN_IF_ERROR(check_positive("strides", strides));
  const Tensor& x = op.tensor(2);
  const Tensor& w = op.tensor(1);
  Dims begin, end, more;
  for (std::size_t axis = 0; axis < 2; ++axis) {
    if (x.open[axis + 1]) return unsupported("an image of open size | convert the model with a fixed one");
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
  Names inputs{op.real(2, Layout::kFirst), weights(op, 1, {3, 0, 1, 2})};
  add_bias(op, 3, inputs);
  const std::string y =
      op.node("ConvTranspose", inputs, {{"strides", strides}, {"pads", begin}, {"output_padding", more}});
  ZKI_ASSIGN_OR_RETURN(const std::string z, op.activated(y, kActivation));
  return op.finish(z, Layout::kFirst);
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
  if (!keeps && (op.tensor(0).shape.size() != 2 || op.tensor(0).shape[1] != width))
    x = op.node("Reshape", {x, op.list({-1, width})});
  note_hybrid(op, 1);
  std::string y;
  if (keeps) {
    y = op.node("MatMul", {x, weights(op, 1, {1, 0})});
    if (op.has_input(2)) y = op.node("Add", {y, op.real(2)});
  } else {
    Names inputs{x, weights(op, 1, {0, 1})};
    add_bias(op, 2, inputs);
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
  const std::string y = op.node("AveragePool", {op.real(0, Layout::kFirst)}, attributes);
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
