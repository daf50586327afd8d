// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "frontend/onnx/handlers.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::OpKind;

Status check_max_pool(const NodeContext& context) {
  ZKI_RETURN_IF_ERROR(check_auto_pad(context));
  return ok_status();
}

Status check_average_pool(const NodeContext& context) {
  ZKI_RETURN_IF_ERROR(check_auto_pad(context));
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> dilations, context.ints_attribute("dilations"));
  if (dilations)
    for (const std::int64_t dilation : *dilations)
      if (dilation != 1)
        return unsupported("dilations " + dims_to_string(*dilations) +
                           " | use a depthwise convolution with equal weights");
  return ok_status();
}

Result<Outputs> import_pool(NodeContext& context, OpKind op) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  const Shape& x = context.shape(0);
  ZKI_RETURN_IF_ERROR(check_spatial_rank(x));
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> kernel, context.ints_attribute("kernel_shape"));
  if (!kernel) return corrupt("attribute 'kernel_shape' is missing");
  ZKI_ASSIGN_OR_RETURN(Windows windows, read_windows(context, x, *kernel));
  ZKI_ASSIGN_OR_RETURN(const std::int64_t count_include_pad, context.int_attribute("count_include_pad", 0));
  if (op == OpKind::kAveragePool && count_include_pad != 0 && windows.extended)
    return unsupported("count_include_pad with windows that ceil_mode lets overhang | export with ceil_mode=False");
  return one_output(context.add(
      op, {context.input(0)},
      ir::PoolAttributes{std::move(windows.kernel), std::move(windows.strides), std::move(windows.dilations),
                         std::move(windows.pads_begin), std::move(windows.pads_end), count_include_pad != 0}));
}

Result<Outputs> import_max_pool(NodeContext& context) { return import_pool(context, OpKind::kMaxPool); }
Result<Outputs> import_average_pool(NodeContext& context) { return import_pool(context, OpKind::kAveragePool); }

constexpr auto kHandlers = std::to_array<Handler>({
    {"MaxPool", "auto_pad ceil_mode dilations kernel_shape pads storage_order strides", check_max_pool,
     import_max_pool},
    {"AveragePool", "auto_pad ceil_mode count_include_pad dilations kernel_shape pads strides", check_average_pool,
     import_average_pool},
    {"GlobalAveragePool", "", no_check, nullptr, OpKind::kGlobalAveragePool},
    {"GlobalMaxPool", "", no_check, nullptr, OpKind::kGlobalMaxPool},
});

}  // namespace

std::span<const Handler> pool_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
