// SPDX-License-Identifier: Apache-2.0
// Pad in all modes and CenterCropPad.
#include <algorithm>
#include <array>

#include "frontend/onnx/emit.h"
#include "frontend/onnx/proto_text.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

Status check_pad(const NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const std::string mode, context.string_attribute("mode", "constant"));
  for (const std::string_view known : {"constant", "reflect", "edge", "wrap"})
    if (mode == known) return ok_status();
  return corrupt("mode " + in_quotes(mode));
}

// Cells before and after each axis; negative ones are cropped.
struct Pads {
  Dims begin, end;
};

Result<Pads> read_pads(const NodeContext& context) {
  const Shape& x = context.shape(0);
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> pads, context.ints_attribute_or_input("pads", 1));
  if (!pads) return corrupt("pads are missing");
  Dims axes;
  for (size_t i = 0; i < x.rank(); ++i) axes.push_back(static_cast<int64_t>(i));
  if (context.has_input(3)) {
    ZKI_ASSIGN_OR_RETURN(axes, context.constant_ints(3, "axes"));
  }
  ZKI_RETURN_IF_ERROR(resolve_axes(axes, x.rank()).status());
  if (pads->size() != 2 * axes.size())
    return corrupt("pads " + dims_to_string(*pads) + " for an input of shape " + x.to_string());
  Pads out{Dims(x.rank(), 0), Dims(x.rank(), 0)};
  for (size_t i = 0; i < axes.size(); ++i) {
    ZKI_ASSIGN_OR_RETURN(const int64_t axis, resolve_axis(axes[i], x.rank()));
    const auto at = static_cast<size_t>(axis);
    const int64_t begin = (*pads)[i];
    const int64_t end = (*pads)[axes.size() + i];
    if (begin > kMaxElements || end > kMaxElements) return resource_limit("pads " + dims_to_string(*pads));
    if (begin < -x[at] || end < -x[at] || std::min<int64_t>(begin, 0) + std::min<int64_t>(end, 0) < -x[at])
      return invalid_argument("pads " + dims_to_string(*pads) + " crop more than there is of " + x.to_string());
    out.begin[at] = begin;
    out.end[at] = end;
  }
  return out;
}

// Which position of an axis of that length stands at a position outside.
int64_t inner_position(const std::string& mode, int64_t at, int64_t length) {
  if (mode == "edge") return std::clamp<int64_t>(at, 0, length - 1);
  if (mode == "wrap") return ((at % length) + length) % length;
  if (length == 1) return 0;
  const int64_t period = 2 * (length - 1);
  const int64_t phase = ((at % period) + period) % period;
  return phase < length ? phase : period - phase;
}

Result<ValueId> crop(NodeContext& context, ValueId input, const Pads& pads) {
  const Shape x = context.shape_of(input);
  ir::SliceAttributes slice = whole(x);
  bool crops = false;
  for (size_t at = 0; at < x.rank(); ++at) {
    slice.starts[at] = std::max<int64_t>(-pads.begin[at], 0);
    slice.sizes[at] = x[at] - slice.starts[at] - std::max<int64_t>(-pads.end[at], 0);
    crops |= slice.sizes[at] != x[at];
  }
  return crops ? context.add(OpKind::kSlice, {input}, std::move(slice), "crop") : Result<ValueId>(input);
}

// Integers and booleans are padded by joining; PadAttributes holds a float.
Result<ValueId> pad_integers(NodeContext& context, ValueId x, const Pads& pads, int64_t number) {
  const ir::DataType dtype = context.graph().value(x).dtype;
  for (size_t axis = 0; axis < pads.begin.size(); ++axis) {
    std::vector<ValueId> parts{x};
    const auto add_border = [&](int64_t length, bool before) -> Status {
      if (length <= 0) return ok_status();
      Dims dims = context.shape_of(x).dims();
      dims[axis] = length;
      ZKI_ASSIGN_OR_RETURN(const Shape shape, Shape::make(std::move(dims)));
      const std::string step = "axis" + std::to_string(axis) + (before ? "_before" : "_after");
      const ValueId single = context.add_literal(IntTensor(Shape{}, {number}), dtype, step + "_number");
      ZKI_ASSIGN_OR_RETURN(const ValueId border,
                           context.add(OpKind::kExpand, {single}, ir::ExpandAttributes{shape}, step));
      parts.insert(before ? parts.begin() : parts.end(), border);
      return ok_status();
    };
    ZKI_RETURN_IF_ERROR(add_border(pads.begin[axis], true));
    ZKI_RETURN_IF_ERROR(add_border(pads.end[axis], false));
    if (parts.size() == 1) continue;
    ZKI_ASSIGN_OR_RETURN(x,
                         concat(context, std::move(parts), static_cast<int64_t>(axis), "axis" + std::to_string(axis)));
  }
  return context.add(OpKind::kIdentity, {x});
}

Result<Outputs> pad_constant(NodeContext& context, ValueId x, const Pads& pads) {
  ir::PadAttributes pad;
  for (size_t i = 0; i < pads.begin.size(); ++i) {
    pad.begin.push_back(std::max<int64_t>(pads.begin[i], 0));
    pad.end.push_back(std::max<int64_t>(pads.end[i], 0));
  }
  if (context.graph().value(x).dtype != ir::DataType::kFloat) {
    Dims number{0};
    if (context.has_input(2)) {
      ZKI_ASSIGN_OR_RETURN(number, context.constant_ints(2, "constant_value"));
    }
    if (number.size() != 1) return corrupt("constant_value needs one element");
    return one_output(pad_integers(context, x, pads, number[0]));
  }
  ZKI_ASSIGN_OR_RETURN(pad.value, context.float_attribute("value", 0));
  if (context.has_input(2)) {
    ZKI_ASSIGN_OR_RETURN(pad.value, context.constant_number(2, "constant_value"));
  }
  return one_output(context.add(OpKind::kPad, {x}, std::move(pad)));
}

Result<Outputs> import_pad(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(const std::string mode, context.string_attribute("mode", "constant"));
  ZKI_ASSIGN_OR_RETURN(const Pads pads, read_pads(context));
  ZKI_ASSIGN_OR_RETURN(ValueId x, crop(context, context.input(0), pads));
  if (mode == "constant") return pad_constant(context, x, pads);
  for (size_t axis = 0; axis < pads.begin.size(); ++axis) {
    const int64_t before = std::max<int64_t>(pads.begin[axis], 0);
    const int64_t after = std::max<int64_t>(pads.end[axis], 0);
    const int64_t length = context.shape_of(x)[axis];
    if (before + after == 0) continue;
    if (length == 0) return invalid_argument("mode " + in_quotes(mode) + " on an axis without elements");
    if (before + after > 1 << 24) return resource_limit("pads of more than 2^24 cells");
    Dims positions;
    for (int64_t at = -before; at < length + after; ++at) positions.push_back(inner_position(mode, at, length));
    ZKI_ASSIGN_OR_RETURN(
        x, gather(context, x, static_cast<int64_t>(axis), std::move(positions), "axis" + std::to_string(axis)));
  }
  return one_output(context.add(OpKind::kIdentity, {x}));
}

// Crops or pads with zeros, as much on both sides; the odd cell is at the end.
Result<Outputs> import_center_crop_pad(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  const Shape x = context.shape(0);
  ZKI_ASSIGN_OR_RETURN(const Dims shape, context.constant_ints(1, "shape"));
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> given, context.ints_attribute("axes"));
  Dims axes;
  if (given) {
    axes = *given;
  } else {
    for (size_t i = 0; i < x.rank(); ++i) axes.push_back(static_cast<int64_t>(i));
  }
  if (axes.size() != shape.size())
    return invalid_argument("shape " + dims_to_string(shape) + " for " + std::to_string(axes.size()) + " axes");
  ZKI_RETURN_IF_ERROR(resolve_axes(axes, x.rank()).status());
  Pads pads{Dims(x.rank(), 0), Dims(x.rank(), 0)};
  for (size_t i = 0; i < axes.size(); ++i) {
    ZKI_ASSIGN_OR_RETURN(const int64_t axis, resolve_axis(axes[i], x.rank()));
    const auto at = static_cast<size_t>(axis);
    if (shape[i] < 0 || shape[i] > kMaxElements) return invalid_argument("shape " + dims_to_string(shape));
    const int64_t difference = shape[i] - x[at];
    const int64_t part = (difference < 0 ? -difference : difference) / 2;
    pads.begin[at] = difference < 0 ? -part : part;
    pads.end[at] = difference - pads.begin[at];
  }
  ZKI_ASSIGN_OR_RETURN(const ValueId cropped, crop(context, context.input(0), pads));
  return pad_constant(context, cropped, pads);
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"Pad", "mode pads value", check_pad, import_pad},
    {"CenterCropPad", "axes", no_check, import_center_crop_pad},
});

}  // namespace

std::span<const Handler> pad_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
