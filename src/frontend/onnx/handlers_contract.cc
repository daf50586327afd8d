// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "frontend/onnx/conv.h"
#include "frontend/onnx/proto_text.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::OpKind;

Result<Outputs> import_conv(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  ZKI_ASSIGN_OR_RETURN(ir::ConvAttributes conv, read_conv(context, context.shape(0), context.shape(1)));
  // The plain ones directly, so that node and values keep their names.
  const bool crops =
      std::any_of(conv.pads_begin.begin(), conv.pads_begin.end(), [](std::int64_t n) { return n < 0; }) ||
      std::any_of(conv.pads_end.begin(), conv.pads_end.end(), [](std::int64_t n) { return n < 0; });
  const bool constant = context.is_constant(1) && (!context.has_input(2) || context.is_constant(2));
  if (context.shape(0).rank() < 5 && constant && !crops) {
    std::vector<ir::ValueId> inputs{context.input(0), context.input(1)};
    if (context.has_input(2)) inputs.push_back(context.input(2));
    return one_output(context.add(OpKind::kConv, std::move(inputs), std::move(conv)));
  }
  Build build(context);
  const ir::ValueId bias = context.has_input(2) ? context.input(2) : ir::kNoValue;
  return build.output(convolve(build, context.input(0), context.input(1), bias, std::move(conv)));
}

Result<Outputs> import_gemm(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  ir::GemmAttributes gemm;
  ZKI_ASSIGN_OR_RETURN(gemm.alpha, context.float_attribute("alpha", 1));
  ZKI_ASSIGN_OR_RETURN(gemm.beta, context.float_attribute("beta", 1));
  ZKI_ASSIGN_OR_RETURN(const std::int64_t transpose_a, context.int_attribute("transA", 0));
  ZKI_ASSIGN_OR_RETURN(const std::int64_t transpose_b, context.int_attribute("transB", 0));
  gemm.transpose_a = transpose_a != 0;
  gemm.transpose_b = transpose_b != 0;
  std::vector<ir::ValueId> inputs{context.input(0), context.input(1)};
  if (context.has_input(2)) inputs.push_back(context.input(2));
  return one_output(context.add(OpKind::kGemm, std::move(inputs), gemm));
}

// Vectors become matrices for the product and lose the extra axis after it.
Result<Outputs> import_matmul(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  const Shape a = context.shape(0);
  const Shape b = context.shape(1);
  if (a.rank() == 0 || b.rank() == 0) return invalid_argument("an operand is a scalar");
  if (a.rank() >= 2 && b.rank() >= 2)
    return one_output(context.add(OpKind::kMatMul, {context.input(0), context.input(1)}));
  ir::ValueId left = context.input(0);
  ir::ValueId right = context.input(1);
  if (a.rank() == 1) {
    ZKI_ASSIGN_OR_RETURN(left, context.add(OpKind::kReshape, {left}, ir::ReshapeAttributes{Shape{1, a[0]}}, "row"));
  }
  if (b.rank() == 1) {
    ZKI_ASSIGN_OR_RETURN(right,
                         context.add(OpKind::kReshape, {right}, ir::ReshapeAttributes{Shape{b[0], 1}}, "column"));
  }
  ZKI_ASSIGN_OR_RETURN(const ir::ValueId product, context.add(OpKind::kMatMul, {left, right}, {}, "product"));
  Dims dims = context.graph().value(product).shape.dims();
  if (b.rank() == 1) dims.pop_back();
  if (a.rank() == 1) dims.erase(dims.end() - (b.rank() == 1 ? 1 : 2));
  return one_output(context.add(OpKind::kReshape, {product}, ir::ReshapeAttributes{Shape(std::move(dims))}));
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"Conv", "auto_pad dilations group kernel_shape pads strides", check_auto_pad, import_conv},
    {"Gemm", "alpha beta transA transB", no_check, import_gemm},
    {"MatMul", "", no_check, import_matmul},
});

}  // namespace

Result<ir::ConvAttributes> read_conv(const NodeContext& context, const Shape& x, const Shape& w) {
  ZKI_RETURN_IF_ERROR(check_spatial_rank(x));
  if (w.rank() != x.rank())
    return invalid_argument("weight of shape " + w.to_string() + " for an input of shape " + x.to_string());
  const Dims kernel(w.dims().begin() + 2, w.dims().end());
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> kernel_shape, context.ints_attribute("kernel_shape"));
  if (kernel_shape && *kernel_shape != kernel)
    return corrupt("kernel_shape " + dims_to_string(*kernel_shape) + " for a weight of shape " + w.to_string());
  ZKI_ASSIGN_OR_RETURN(Windows windows, read_windows(context, x, kernel));
  ir::ConvAttributes conv{std::move(windows.strides), std::move(windows.dilations), std::move(windows.pads_begin),
                          std::move(windows.pads_end), 1};
  ZKI_ASSIGN_OR_RETURN(conv.groups, context.int_attribute("group", 1));
  return conv;
}

Status check_spatial_rank(const Shape& input) {
  if (input.rank() >= 3 && input.rank() <= 5) return ok_status();
  if (input.rank() < 3)
    return invalid_argument("input of shape " + input.to_string() + ", expected [N, C, spatial axes]");
  return unsupported(std::to_string(input.rank() - 2) + " spatial axes | one to three are possible");
}

Status check_auto_pad(const NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const std::string auto_pad, context.string_attribute("auto_pad", "NOTSET"));
  for (const std::string_view known : {"NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"})
    if (auto_pad == known) return ok_status();
  return corrupt("auto_pad " + in_quotes(auto_pad));
}

Result<Windows> read_windows(const NodeContext& context, const Shape& input, Dims kernel) {
  const std::size_t spatial = input.rank() - 2;
  Windows windows{std::move(kernel), Dims(spatial, 1), Dims(spatial, 1), Dims(spatial, 0), Dims(spatial, 0), false};
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> strides, context.ints_attribute("strides"));
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> dilations, context.ints_attribute("dilations"));
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> pads, context.ints_attribute("pads"));
  ZKI_ASSIGN_OR_RETURN(const std::string auto_pad, context.string_attribute("auto_pad", "NOTSET"));
  ZKI_ASSIGN_OR_RETURN(const std::int64_t ceil_mode, context.int_attribute("ceil_mode", 0));
  if (strides) windows.strides = *strides;
  if (dilations) windows.dilations = *dilations;
  if (windows.kernel.size() != spatial || windows.strides.size() != spatial || windows.dilations.size() != spatial ||
      (pads && pads->size() != 2 * spatial))
    return corrupt("kernel, strides, dilations or pads do not have one entry per spatial axis of " + input.to_string());

  for (std::size_t i = 0; i < spatial; ++i) {
    const std::int64_t length = input[i + 2];
    const std::int64_t stride = windows.strides[i];
    constexpr std::int64_t kLargest = 1 << 24;
    if (stride < 1 || windows.kernel[i] < 1 || windows.dilations[i] < 1 || stride > kLargest ||
        windows.kernel[i] > kLargest || windows.dilations[i] > kLargest)
      return invalid_argument("kernel " + dims_to_string(windows.kernel) + ", strides " +
                              dims_to_string(windows.strides) + ", dilations " + dims_to_string(windows.dilations) +
                              ": expected 1 to 2^24");
    const std::int64_t reach = windows.dilations[i] * (windows.kernel[i] - 1) + 1;
    if (auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER") {
      const std::int64_t outputs = (length + stride - 1) / stride;
      const std::int64_t total = std::max<std::int64_t>((outputs - 1) * stride + reach - length, 0);
      windows.pads_begin[i] = auto_pad == "SAME_UPPER" ? total / 2 : total - total / 2;
      windows.pads_end[i] = total - windows.pads_begin[i];
    } else if (auto_pad == "NOTSET" && pads) {
      windows.pads_begin[i] = (*pads)[i];
      windows.pads_end[i] = (*pads)[spatial + i];
      const bool may_crop = context.proto().op_type() == "Conv";
      for (const std::int64_t pad : {windows.pads_begin[i], windows.pads_end[i]})
        if (pad < (may_crop ? -kLargest : 0) || pad > kLargest)
          return unsupported("pads " + dims_to_string(*pads) + " | only pads of 0 to 2^24 are possible");
    }
    const std::int64_t free = length + windows.pads_begin[i] + windows.pads_end[i] - reach;
    if (ceil_mode != 0 && free > 0 && free % stride != 0) {
      // One more window that overhangs the end, unless it would start in the padding.
      const std::int64_t last_start = (free / stride + 1) * stride;
      if (last_start < length + windows.pads_begin[i]) {
        windows.pads_end[i] = last_start + reach - length - windows.pads_begin[i];
        windows.extended = true;
      }
    }
  }
  return windows;
}

std::span<const Handler> contract_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
