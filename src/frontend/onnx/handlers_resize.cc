// SPDX-License-Identifier: Apache-2.0
// Resize and Upsample: nearest is a Gather with constant indices along each axis, linear a product with a constant
// matrix along the last two axes.
#include <array>
#include <cmath>

#include "frontend/onnx/handlers.h"
#include "frontend/onnx/proto_text.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

struct ResizeMode {
  std::string interpolation = "nearest";  // or linear
  std::string coordinates = "half_pixel";
  std::string rounding = "round_prefer_floor";  // of nearest
};

Result<ResizeMode> resize_mode(const NodeContext& context) {
  ResizeMode mode;
  ZKI_ASSIGN_OR_RETURN(mode.interpolation, context.string_attribute("mode", "nearest"));
  // Upsample and the first Resize have no choice of coordinates.
  const bool old = context.proto().op_type() == "Upsample" || context.opset() < 11;
  ZKI_ASSIGN_OR_RETURN(mode.coordinates,
                       context.string_attribute("coordinate_transformation_mode", old ? "asymmetric" : "half_pixel"));
  ZKI_ASSIGN_OR_RETURN(mode.rounding, context.string_attribute("nearest_mode", old ? "floor" : "round_prefer_floor"));
  return mode;
}

bool one_of(const std::string& text, std::initializer_list<std::string_view> list) {
  for (const std::string_view entry : list)
    if (text == entry) return true;
  return false;
}

Status check_resize(const NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const ResizeMode mode, resize_mode(context));
  if (!one_of(mode.interpolation, {"nearest", "linear"}))
    return unsupported("mode " + in_quotes(mode.interpolation) + " | use nearest or linear");
  if (!one_of(mode.coordinates,
              {"half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners", "tf_half_pixel_for_nn"}))
    return unsupported("coordinate_transformation_mode " + in_quotes(mode.coordinates) +
                       " | use half_pixel, asymmetric or align_corners");
  if (!one_of(mode.rounding, {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}))
    return corrupt("nearest_mode " + in_quotes(mode.rounding));
  for (const std::string_view name : {"antialias", "exclude_outside"}) {
    ZKI_ASSIGN_OR_RETURN(const int64_t set, context.int_attribute(name, 0));
    if (set != 0) return unsupported("attribute '" + std::string(name) + "' | export without it");
  }
  ZKI_ASSIGN_OR_RETURN(const std::string policy, context.string_attribute("keep_aspect_ratio_policy", "stretch"));
  if (policy != "stretch")
    return unsupported("keep_aspect_ratio_policy " + in_quotes(policy) + " | give the sizes of all axes");
  return ok_status();
}

// One axis: input length, output length, and output length over input length as the model states it.
struct AxisScale {
  int64_t input, output;
  double scale;
};

double source_position(const AxisScale& axis, const std::string& coordinates, int64_t at) {
  const double x = static_cast<double>(at);
  if (coordinates == "asymmetric") return x / axis.scale;
  if (coordinates == "align_corners")
    return axis.output == 1 ? 0 : x * static_cast<double>(axis.input - 1) / static_cast<double>(axis.output - 1);
  if (coordinates == "tf_half_pixel_for_nn") return (x + 0.5) / axis.scale;
  if (coordinates == "pytorch_half_pixel" && axis.output == 1) return 0;
  return (x + 0.5) / axis.scale - 0.5;
}

int64_t nearest(double position, const std::string& rounding, int64_t length) {
  double rounded = std::floor(position);
  if (rounding == "ceil") rounded = std::ceil(position);
  if (rounding == "round_prefer_floor") rounded = std::ceil(position - 0.5);
  if (rounding == "round_prefer_ceil") rounded = std::floor(position + 0.5);
  return std::clamp<int64_t>(static_cast<int64_t>(rounded), 0, length - 1);
}

// [output, input] with at most two entries per row that sum to 1.
FloatTensor interpolation_matrix(const AxisScale& axis, const std::string& coordinates) {
  FloatTensor matrix(Shape{axis.output, axis.input});
  for (int64_t i = 0; i < axis.output; ++i) {
    const double position = std::clamp(source_position(axis, coordinates, i), 0.0, static_cast<double>(axis.input - 1));
    const auto low = static_cast<int64_t>(std::floor(position));
    const double part = position - static_cast<double>(low);
    matrix[static_cast<size_t>(i * axis.input + low)] += static_cast<float>(1 - part);
    if (part > 0) matrix[static_cast<size_t>(i * axis.input + low + 1)] += static_cast<float>(part);
  }
  return matrix;
}

FloatTensor transposed(const FloatTensor& matrix) {
  FloatTensor out(Shape{matrix.shape()[1], matrix.shape()[0]});
  const auto rows = static_cast<size_t>(matrix.shape()[0]);
  const auto columns = static_cast<size_t>(matrix.shape()[1]);
  for (size_t i = 0; i < rows; ++i)
    for (size_t j = 0; j < columns; ++j) out[j * rows + i] = matrix[i * columns + j];
  return out;
}

// Input positions of scales and sizes: Upsample and Resize-10 (x, scales), later (x, roi, scales, sizes).
Result<std::vector<AxisScale>> axis_scales(const NodeContext& context) {
  const Shape& x = context.shape(0);
  const bool has_roi = context.proto().op_type() == "Resize" && context.opset() >= 11;
  const size_t scales_at = has_roi ? 2 : 1;
  const bool by_scale = context.has_input(scales_at) && context.shape(scales_at).num_elements() > 0;
  std::vector<double> scales;
  std::optional<Dims> sizes;
  if (by_scale) {
    const ir::Value& value = context.value(scales_at);
    if (!value.is_constant())
      return unsupported("scales " + in_quotes(value.name) +
                         " are computed at run time | make them constants of the model");
    if (value.floats() == nullptr) return corrupt("scales are not floats");
    for (const float scale : value.floats()->data()) scales.push_back(static_cast<double>(scale));
  } else if (has_roi && context.has_input(3)) {
    ZKI_ASSIGN_OR_RETURN(sizes, context.constant_ints(3, "sizes"));
  } else if (const auto* attribute = context.attribute("scales")) {
    for (const float scale : attribute->floats()) scales.push_back(static_cast<double>(scale));
  }
  Dims axes;
  for (size_t i = 0; i < x.rank(); ++i) axes.push_back(static_cast<int64_t>(i));
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> given_axes, context.ints_attribute("axes"));
  if (given_axes) axes = *given_axes;
  ZKI_RETURN_IF_ERROR(resolve_axes(axes, x.rank()).status());
  if ((sizes ? sizes->size() : scales.size()) != axes.size())
    return corrupt("scales or sizes need one entry per axis of " + x.to_string());
  std::vector<AxisScale> result;
  for (size_t i = 0; i < x.rank(); ++i) result.push_back({x[i], x[i], 1});
  for (size_t i = 0; i < axes.size(); ++i) {
    ZKI_ASSIGN_OR_RETURN(const int64_t at, resolve_axis(axes[i], x.rank()));
    AxisScale& axis = result[static_cast<size_t>(at)];
    axis.scale =
        sizes ? static_cast<double>((*sizes)[i]) / static_cast<double>(std::max<int64_t>(axis.input, 1)) : scales[i];
    const double length =
        sizes ? static_cast<double>((*sizes)[i]) : std::floor(static_cast<double>(axis.input) * axis.scale);
    if (!(axis.scale > 0) || !(length >= 1) || !(length <= 65536) || axis.input < 1)
      return invalid_argument("scale " + std::to_string(axis.scale) + " of an axis of length " +
                              std::to_string(axis.input));
    axis.output = static_cast<int64_t>(length);
  }
  return result;
}

Result<Outputs> import_resize(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  const size_t rank = context.shape(0).rank();
  ZKI_ASSIGN_OR_RETURN(const ResizeMode mode, resize_mode(context));
  ZKI_ASSIGN_OR_RETURN(const std::vector<AxisScale> scales, axis_scales(context));
  ValueId x = context.input(0);
  for (size_t i = 0; i < rank; ++i) {
    const AxisScale& axis = scales[i];
    if (axis.scale == 1 && axis.input == axis.output) continue;
    const std::string step = "axis" + std::to_string(i);
    if (mode.interpolation == "nearest") {
      Dims indices;
      for (int64_t at = 0; at < axis.output; ++at)
        indices.push_back(nearest(source_position(axis, mode.coordinates, at), mode.rounding, axis.input));
      const Shape count{axis.output};
      const ValueId list =
          context.add_constant(IntTensor(count, std::move(indices)), ir::DataType::kInt64, step + "_indices");
      ZKI_ASSIGN_OR_RETURN(
          x, context.add(OpKind::kGather, {x, list}, ir::GatherAttributes{static_cast<int64_t>(i)}, step));
      continue;
    }
    if (i + 2 < rank)
      return unsupported("linear interpolation along axis " + std::to_string(i) +
                         " | only the last two axes are possible");
    if (axis.input * axis.output > 1 << 24)
      return resource_limit("an interpolation matrix of " + std::to_string(axis.output) + " x " +
                            std::to_string(axis.input));
    const FloatTensor matrix = interpolation_matrix(axis, mode.coordinates);
    const bool last = i + 1 == rank;
    if (rank < 2) return unsupported("linear interpolation of a vector | use two axes");
    const ValueId factor =
        context.add_constant(last ? transposed(matrix) : matrix, ir::DataType::kFloat, step + "_matrix");
    ZKI_ASSIGN_OR_RETURN(
        x, context.add(OpKind::kMatMul, last ? std::vector<ValueId>{x, factor} : std::vector<ValueId>{factor, x}, {},
                       step));
  }
  return one_output(context.add(OpKind::kIdentity, {x}));
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"Resize",
     "antialias axes coordinate_transformation_mode cubic_coeff_a exclude_outside extrapolation_value "
     "keep_aspect_ratio_policy mode nearest_mode",
     check_resize, import_resize},
    {"Upsample", "mode scales", check_resize, import_resize},
});

}  // namespace

std::span<const Handler> resize_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
