// SPDX-License-Identifier: Apache-2.0
// Resize and Upsample: nearest is a Gather with constant indices along each axis, linear and cubic a product with a constant
// matrix along each.
#include <algorithm>
#include <array>
#include <cmath>

#include "frontend/onnx/build.h"
#include "frontend/onnx/proto_text.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

struct ResizeMode {
  std::string interpolation = "nearest";  // linear, cubic
  std::string coordinates = "half_pixel";
  std::string rounding = "round_prefer_floor";  // of nearest
  std::string policy = "stretch";               // of sizes
  bool antialias = false, exclude_outside = false;
  double cubic_a = -0.75, outside = 0;
};

Result<ResizeMode> resize_mode(const NodeContext& context) {
  ResizeMode mode;
  ZKI_ASSIGN_OR_RETURN(mode.interpolation, context.string_attribute("mode", "nearest"));
  if (mode.interpolation == "bilinear") mode.interpolation = "linear";  // of the first Upsample
  // Upsample and the first Resize have no choice of coordinates.
  const bool old = context.proto().op_type() == "Upsample" || context.opset() < 11;
  ZKI_ASSIGN_OR_RETURN(mode.coordinates,
                       context.string_attribute("coordinate_transformation_mode", old ? "asymmetric" : "half_pixel"));
  ZKI_ASSIGN_OR_RETURN(mode.rounding, context.string_attribute("nearest_mode", old ? "floor" : "round_prefer_floor"));
  ZKI_ASSIGN_OR_RETURN(mode.policy, context.string_attribute("keep_aspect_ratio_policy", "stretch"));
  ZKI_ASSIGN_OR_RETURN(const int64_t antialias, context.int_attribute("antialias", 0));
  ZKI_ASSIGN_OR_RETURN(const int64_t exclude, context.int_attribute("exclude_outside", 0));
  ZKI_ASSIGN_OR_RETURN(const float a, context.float_attribute("cubic_coeff_a", -0.75F));
  ZKI_ASSIGN_OR_RETURN(const float outside, context.float_attribute("extrapolation_value", 0));
  mode.antialias = antialias != 0;
  mode.exclude_outside = exclude != 0;
  mode.cubic_a = static_cast<double>(a);
  mode.outside = static_cast<double>(outside);
  return mode;
}

bool one_of(const std::string& text, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), std::string_view(text)) != list.end();
}

Status check_resize(const NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const ResizeMode mode, resize_mode(context));
  if (!one_of(mode.interpolation, {"nearest", "linear", "cubic"}))
    return corrupt("mode " + in_quotes(mode.interpolation));
  if (!one_of(mode.coordinates, {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "asymmetric",
                                 "align_corners", "tf_half_pixel_for_nn", "tf_crop_and_resize"}))
    return corrupt("coordinate_transformation_mode " + in_quotes(mode.coordinates));
  if (!one_of(mode.rounding, {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}))
    return corrupt("nearest_mode " + in_quotes(mode.rounding));
  if (!one_of(mode.policy, {"stretch", "not_larger", "not_smaller"}))
    return corrupt("keep_aspect_ratio_policy " + in_quotes(mode.policy));
  return ok_status();
}

// One axis: input length, output length, output length over input length as the model states it, and the part that
// tf_crop_and_resize takes.
struct AxisScale {
  int64_t input, output;
  double scale;
  double roi_start = 0, roi_end = 1;
};

double source_position(const AxisScale& axis, const std::string& coordinates, int64_t at) {
  const double x = static_cast<double>(at);
  const double last = static_cast<double>(axis.input - 1);
  if (coordinates == "asymmetric") return x / axis.scale;
  if (coordinates == "align_corners") return axis.output == 1 ? 0 : x * last / static_cast<double>(axis.output - 1);
  if (coordinates == "tf_half_pixel_for_nn") return (x + 0.5) / axis.scale;
  if (coordinates == "pytorch_half_pixel" && axis.output == 1) return 0;
  if (coordinates == "tf_crop_and_resize")
    return axis.output == 1 ? 0.5 * (axis.roi_start + axis.roi_end) * last
                            : axis.roi_start * last +
                                  x * (axis.roi_end - axis.roi_start) * last / static_cast<double>(axis.output - 1);
  if (coordinates == "half_pixel_symmetric") {
    // The part that rounding the length took away is left out on both sides.
    const double exact = axis.scale * static_cast<double>(axis.input);
    const double centre = static_cast<double>(axis.input) / 2;
    const double adjustment = static_cast<double>(axis.output) / exact;
    return centre * (1 - adjustment) + (x + 0.5) / axis.scale - 0.5;
  }
  return (x + 0.5) / axis.scale - 0.5;
}

bool is_outside(const AxisScale& axis, const ResizeMode& mode, double position) {
  return mode.coordinates == "tf_crop_and_resize" && (position < 0 || position > static_cast<double>(axis.input - 1));
}

int64_t nearest(double position, const std::string& rounding, int64_t length) {
  double rounded = std::floor(position);
  if (rounding == "ceil") rounded = std::ceil(position);
  if (rounding == "round_prefer_floor") rounded = std::ceil(position - 0.5);
  if (rounding == "round_prefer_ceil") rounded = std::floor(position + 0.5);
  return static_cast<int64_t>(std::clamp(rounded, 0.0, static_cast<double>(length - 1)));
}

// The weight of a cell at that distance.
double weight_at(double distance, const ResizeMode& mode) {
  const double x = std::abs(distance);
  if (mode.interpolation == "linear") return std::max(0.0, 1 - x);
  const double a = mode.cubic_a;
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

// [output, input]; cells beyond the ends count as the end itself, or not at all.
FloatTensor interpolation_matrix(const AxisScale& axis, const ResizeMode& mode) {
  FloatTensor matrix(Shape{axis.output, axis.input});
  // Shrinking with antialias widens the window.
  const double shrink = mode.antialias ? std::min(axis.scale, 1.0) : 1;
  const double reach = (mode.interpolation == "linear" ? 1 : 2) / shrink;
  for (int64_t i = 0; i < axis.output; ++i) {
    const double position = source_position(axis, mode.coordinates, i);
    if (is_outside(axis, mode, position)) continue;
    const auto first = static_cast<int64_t>(std::ceil(position - reach));
    const auto last = static_cast<int64_t>(std::floor(position + reach));
    double sum = 0;
    const auto visit = [&](auto take) {
      for (int64_t cell = first; cell <= last; ++cell) {
        const bool inside = cell >= 0 && cell < axis.input;
        if (!inside && mode.exclude_outside) continue;
        take(std::clamp<int64_t>(cell, 0, axis.input - 1),
             weight_at((static_cast<double>(cell) - position) * shrink, mode));
      }
    };
    visit([&](int64_t, double weight) { sum += weight; });
    visit([&](int64_t cell, double weight) {
      matrix[static_cast<size_t>(i * axis.input + cell)] += static_cast<float>(sum == 0 ? 0 : weight / sum);
    });
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

// The scales that keep the sides' ratio: all the smallest, or the largest.
void keep_ratio(std::vector<AxisScale>& axes, const std::vector<size_t>& listed, const std::string& policy) {
  double scale = axes[listed[0]].scale;
  for (const size_t at : listed)
    scale = policy == "not_larger" ? std::min(scale, axes[at].scale) : std::max(scale, axes[at].scale);
  for (const size_t at : listed) {
    axes[at].scale = scale;
    axes[at].output = static_cast<int64_t>(std::floor(scale * static_cast<double>(axes[at].input) + 0.5));
  }
}

// Input positions of scales and sizes: Upsample and Resize-10 (x, scales), later (x, roi, scales, sizes).
Result<std::vector<AxisScale>> axis_scales(const NodeContext& context, const ResizeMode& mode) {
  const Shape& x = context.shape(0);
  const bool has_roi = context.proto().op_type() == "Resize" && context.opset() >= 11;
  const size_t scales_at = has_roi ? 2 : 1;
  const bool by_scale = context.has_input(scales_at) && context.shape(scales_at).num_elements() > 0;
  std::vector<double> scales;
  std::optional<Dims> sizes;
  const auto floats_of = [&](size_t input, std::string_view what) -> Result<std::vector<double>> {
    const ir::Value& value = context.value(input);
    if (!value.is_constant())
      return unsupported(std::string(what) + " " + in_quotes(value.name) +
                         " are computed at run time | make them constants of the model");
    if (value.floats() == nullptr) return corrupt(std::string(what) + " are not floats");
    return std::vector<double>(value.floats()->data().begin(), value.floats()->data().end());
  };
  if (by_scale) {
    ZKI_ASSIGN_OR_RETURN(scales, floats_of(scales_at, "scales"));
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
  std::vector<double> roi;
  if (mode.coordinates == "tf_crop_and_resize") {
    if (!context.has_input(1)) return corrupt("the region is missing");
    ZKI_ASSIGN_OR_RETURN(roi, floats_of(1, "the region's bounds"));
    for (const double bound : roi)
      if (!(std::abs(bound) <= 1e6)) return invalid_argument("a bound of the region " + std::to_string(bound));
    if (roi.size() != 2 * axes.size()) return corrupt("the region needs a start and an end per axis");
  }
  std::vector<AxisScale> result;
  std::vector<size_t> listed;
  for (size_t i = 0; i < x.rank(); ++i) result.push_back({x[i], x[i], 1});
  for (size_t i = 0; i < axes.size(); ++i) {
    ZKI_ASSIGN_OR_RETURN(const int64_t at, resolve_axis(axes[i], x.rank()));
    listed.push_back(static_cast<size_t>(at));
    AxisScale& axis = result[listed.back()];
    if (!roi.empty()) {
      axis.roi_start = roi[i];
      axis.roi_end = roi[axes.size() + i];
    }
    axis.scale =
        sizes ? static_cast<double>((*sizes)[i]) / static_cast<double>(std::max<int64_t>(axis.input, 1)) : scales[i];
    const double length = sizes ? static_cast<double>((*sizes)[i])
                                : std::floor(static_cast<double>(axis.input) * axis.scale *
                                             (roi.empty() ? 1 : axis.roi_end - axis.roi_start));
    if (!(axis.scale > 0) || !(length >= 1) || !(length <= 65536) || axis.input < 1)
      return invalid_argument("scale " + std::to_string(axis.scale) + " of an axis of length " +
                              std::to_string(axis.input));
    axis.output = static_cast<int64_t>(length);
  }
  if (sizes && mode.policy != "stretch" && !listed.empty()) keep_ratio(result, listed, mode.policy);
  for (const AxisScale& axis : result)
    if (axis.output < 1 || axis.output > 65536)
      return invalid_argument("an axis of length " + std::to_string(axis.output));
  return result;
}

// x times the matrix along one axis.
ValueId interpolate(Build& build, ValueId x, size_t axis, const FloatTensor& matrix) {
  const size_t rank = build.shape(x).rank();
  const bool last = axis + 1 == rank;
  const ValueId factor = build.literal(last ? transposed(matrix) : matrix, ir::DataType::kFloat);
  if (rank == 1) {
    const ValueId row = build.matmul(build.reshape(x, {1, build.shape(x)[0]}), factor);
    return build.reshape(row, {matrix.shape()[0]});
  }
  if (last) return build.matmul(x, factor);
  Dims perm;
  for (size_t i = 0; i < rank; ++i) perm.push_back(static_cast<int64_t>(i));
  if (axis + 2 == rank) return build.matmul(factor, x);
  std::swap(perm[axis], perm[rank - 2]);
  return build.transpose(build.matmul(factor, build.transpose(x, perm)), perm);
}

// Positions outside the region's image hold a number instead.
ValueId extrapolate(Build& build, ValueId x, size_t axis, const std::vector<bool>& outside, double number) {
  if (std::none_of(outside.begin(), outside.end(), [](bool out) { return out; })) return x;
  Dims dims(build.shape(x).rank(), 1);
  dims[axis] = static_cast<int64_t>(outside.size());
  IntTensor mask{Shape(dims)};
  for (size_t i = 0; i < outside.size(); ++i) mask[i] = outside[i] ? 1 : 0;
  return build.where(build.literal(std::move(mask), ir::DataType::kBool), build.number(number), x);
}

Result<Outputs> import_resize(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(const ResizeMode mode, resize_mode(context));
  ZKI_ASSIGN_OR_RETURN(const std::vector<AxisScale> scales, axis_scales(context, mode));
  const ir::DataType dtype = context.value(0).dtype;
  Build build(context);
  ValueId x = context.input(0);
  if (mode.interpolation != "nearest") x = build.cast(x, ir::DataType::kFloat);
  std::vector<std::vector<bool>> outside(scales.size());
  for (size_t i = 0; i < scales.size() && build.ok(); ++i) {
    const AxisScale& axis = scales[i];
    const bool crops = mode.coordinates == "tf_crop_and_resize" && (axis.roi_start != 0 || axis.roi_end != 1);
    if (axis.scale == 1 && axis.input == axis.output && !crops) continue;
    for (int64_t at = 0; at < axis.output; ++at)
      outside[i].push_back(is_outside(axis, mode, source_position(axis, mode.coordinates, at)));
    if (mode.interpolation == "nearest") {
      Dims indices;
      for (int64_t at = 0; at < axis.output; ++at)
        indices.push_back(nearest(source_position(axis, mode.coordinates, at), mode.rounding, axis.input));
      const ValueId list = build.literal(IntTensor(Shape{axis.output}, std::move(indices)), ir::DataType::kInt64);
      x = build.gather(x, list, static_cast<int64_t>(i));
      continue;
    }
    if (axis.input * axis.output > 1 << 24)
      return resource_limit("an interpolation matrix of " + std::to_string(axis.output) + " x " +
                            std::to_string(axis.input));
    x = interpolate(build, x, i, interpolation_matrix(axis, mode));
  }
  for (size_t i = 0; i < scales.size() && build.ok(); ++i)
    if (!outside[i].empty()) x = extrapolate(build, build.cast(x, ir::DataType::kFloat), i, outside[i], mode.outside);
  return build.output(build.cast(x, dtype));
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
