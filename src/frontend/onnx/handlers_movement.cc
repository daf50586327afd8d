// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <limits>

#include "frontend/onnx/emit.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::OpKind;
using std::int64_t;
using std::size_t;

Result<Outputs> reshape_to(NodeContext& context, Dims dims) {
  ZKI_ASSIGN_OR_RETURN(Shape shape, Shape::make(std::move(dims)));
  return one_output(context.add(OpKind::kReshape, {context.input(0)}, ir::ReshapeAttributes{std::move(shape)}));
}

// 0 copies the input's dimension (unless allowzero), one -1 takes what is left.
Result<Outputs> import_reshape(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  const Shape& x = context.shape(0);
  ZKI_ASSIGN_OR_RETURN(Dims dims, context.constant_ints(1, "shape"));
  ZKI_ASSIGN_OR_RETURN(const int64_t allow_zero, context.int_attribute("allowzero", 0));
  const std::string wanted = "shape " + dims_to_string(dims) + " for an input of shape " + x.to_string();
  size_t free_axis = dims.size();
  int64_t product = 1;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 0 && allow_zero == 0) {
      if (i >= x.rank()) return invalid_argument(wanted + ": dimension 0 has nothing to copy");
      dims[i] = x[i];
    }
    if (dims[i] == -1) {
      if (free_axis != dims.size()) return invalid_argument(wanted + ": -1 occurs twice");
      free_axis = i;
      continue;
    }
    if (dims[i] < 0 || dims[i] > kMaxElements) return invalid_argument(wanted);
    product *= dims[i];
    if (product > kMaxElements) return invalid_argument(wanted);
  }
  if (free_axis != dims.size()) {
    if (product == 0 || x.num_elements() % product != 0) return invalid_argument(wanted);
    dims[free_axis] = x.num_elements() / product;
  }
  return reshape_to(context, std::move(dims));
}

Result<Outputs> import_flatten(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  const Shape& x = context.shape(0);
  ZKI_ASSIGN_OR_RETURN(int64_t axis, context.int_attribute("axis", 1));
  const auto rank = static_cast<int64_t>(x.rank());
  if (axis < -rank || axis > rank)
    return invalid_argument("axis " + std::to_string(axis) + " of shape " + x.to_string());
  const auto split = static_cast<size_t>(axis < 0 ? axis + rank : axis);
  return reshape_to(context, {x.num_elements(0, split), x.num_elements(split, x.rank())});
}

Result<Outputs> import_squeeze(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  const Shape& x = context.shape(0);
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> listed, context.ints_attribute_or_input("axes", 1));
  std::vector<bool> drop(x.rank(), false);
  if (listed) {
    ZKI_ASSIGN_OR_RETURN(const Dims axes, resolve_axes(*listed, x.rank()));
    for (const int64_t axis : axes) {
      if (x[static_cast<size_t>(axis)] != 1)
        return invalid_argument("axis " + std::to_string(axis) + " of shape " + x.to_string() + " is not 1");
      drop[static_cast<size_t>(axis)] = true;
    }
  } else {
    for (size_t i = 0; i < x.rank(); ++i) drop[i] = x[i] == 1;
  }
  Dims dims;
  for (size_t i = 0; i < x.rank(); ++i)
    if (!drop[i]) dims.push_back(x[i]);
  return reshape_to(context, std::move(dims));
}

Result<Outputs> import_unsqueeze(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  const Shape& x = context.shape(0);
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> listed, context.ints_attribute_or_input("axes", 1));
  if (!listed) return corrupt("axes are missing");
  const size_t rank = x.rank() + listed->size();
  if (rank > kMaxRank) return resource_limit("a result of rank " + std::to_string(rank));
  ZKI_ASSIGN_OR_RETURN(const Dims axes, resolve_axes(*listed, rank));
  Dims dims;
  size_t next = 0;
  for (size_t i = 0; i < rank; ++i) {
    const bool inserted = std::binary_search(axes.begin(), axes.end(), static_cast<int64_t>(i));
    dims.push_back(inserted ? 1 : x[next++]);
  }
  return reshape_to(context, std::move(dims));
}

Result<Outputs> import_transpose(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(std::optional<Dims> perm, context.ints_attribute("perm"));
  if (!perm) {
    perm = Dims();
    for (size_t i = context.shape(0).rank(); i-- > 0;) perm->push_back(static_cast<int64_t>(i));
  }
  return one_output(context.add(OpKind::kTranspose, {context.input(0)}, ir::TransposeAttributes{std::move(*perm)}));
}

Result<Outputs> import_concat(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(std::max<size_t>(context.num_inputs(), 1)));
  if (context.attribute("axis") == nullptr) return corrupt("attribute 'axis' is missing");
  ZKI_ASSIGN_OR_RETURN(int64_t axis, context.int_attribute("axis", 0));
  // Without elements, and [0] whatever the rank of the others, as exporters write the start of a list.
  std::vector<ir::ValueId> parts;
  for (const ir::ValueId id : context.inputs())
    if (context.shape_of(id).num_elements() != 0) parts.push_back(id);
  if (parts.empty()) parts = context.inputs();
  ZKI_ASSIGN_OR_RETURN(axis, resolve_axis(axis, context.shape_of(parts[0]).rank()));
  return one_output(context.add(OpKind::kConcat, std::move(parts), ir::ConcatAttributes{axis}));
}

// Narrows one axis to start:end:step with numpy's clamping.
Status narrow(ir::SliceAttributes& slice, const Shape& x, size_t axis, int64_t start, int64_t end, int64_t step) {
  if (step == 0) return invalid_argument("step 0");
  const int64_t length = x[axis];
  // Backwards, the end is before the last position taken: -1 stands before the first.
  const int64_t lowest = step > 0 ? 0 : -1;
  const int64_t highest = step > 0 ? length : length - 1;
  const auto clamped = [&](int64_t at) {
    if (at < 0) at = at < -length ? lowest : at + length;
    return std::min(at, highest);
  };
  start = clamped(start);
  end = clamped(end);
  const int64_t distance = step > 0 ? end - start : start - end;
  // The step is at least -2^63; of that size it is one element.
  step = std::clamp<int64_t>(step, -kMaxElements, kMaxElements);
  const int64_t stride = step > 0 ? step : -step;
  slice.sizes[axis] = distance > 0 ? (distance - 1) / stride + 1 : 0;
  slice.starts[axis] = slice.sizes[axis] == 0 ? 0 : start;
  slice.steps[axis] = slice.sizes[axis] <= 1 ? 1 : step;
  return ok_status();
}

// Attributes before opset 10, inputs from then on.
Result<Outputs> import_slice(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  const Shape& x = context.shape(0);
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> starts, context.ints_attribute_or_input("starts", 1));
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> ends, context.ints_attribute_or_input("ends", 2));
  ZKI_ASSIGN_OR_RETURN(std::optional<Dims> axes, context.ints_attribute_or_input("axes", 3));
  ZKI_ASSIGN_OR_RETURN(std::optional<Dims> steps, context.ints_attribute_or_input("steps", 4));
  if (!starts || !ends) return corrupt("starts or ends are missing");
  if (!axes) {
    axes = Dims();
    for (size_t i = 0; i < starts->size(); ++i) axes->push_back(static_cast<int64_t>(i));
  }
  if (!steps) steps = Dims(starts->size(), 1);
  if (starts->size() != ends->size() || starts->size() != axes->size() || starts->size() != steps->size())
    return corrupt("starts, ends, axes and steps have different lengths");
  ZKI_RETURN_IF_ERROR(resolve_axes(*axes, x.rank()).status());
  ir::SliceAttributes slice = whole(x);
  for (size_t i = 0; i < starts->size(); ++i) {
    ZKI_ASSIGN_OR_RETURN(const int64_t axis, resolve_axis((*axes)[i], x.rank()));
    ZKI_RETURN_IF_ERROR(narrow(slice, x, static_cast<size_t>(axis), (*starts)[i], (*ends)[i], (*steps)[i]));
  }
  return one_output(context.add(OpKind::kSlice, {context.input(0)}, std::move(slice)));
}

// Sizes are given (attribute before opset 13, input from then on), or as equal as possible with the last one smaller.
Result<Dims> split_sizes(const NodeContext& context, int64_t length) {
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> given, context.ints_attribute_or_input("split", 1));
  if (given) return *given;
  ZKI_ASSIGN_OR_RETURN(const int64_t parts, context.int_attribute("num_outputs", context.proto().output_size()));
  if (parts < 1 || parts > 65536) return corrupt("num_outputs " + std::to_string(parts));
  const int64_t part = (length + parts - 1) / parts;
  Dims sizes(static_cast<size_t>(parts), part);
  sizes.back() = length - part * (parts - 1);
  return sizes;
}

Result<Outputs> import_split(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  const Shape x = context.shape(0);
  ZKI_ASSIGN_OR_RETURN(int64_t axis, context.int_attribute("axis", 0));
  ZKI_ASSIGN_OR_RETURN(axis, resolve_axis(axis, x.rank()));
  const auto at = static_cast<size_t>(axis);
  ZKI_ASSIGN_OR_RETURN(const Dims sizes, split_sizes(context, x[at]));
  if (sizes.size() != static_cast<size_t>(context.proto().output_size()))
    return corrupt(std::to_string(sizes.size()) + " parts for " + std::to_string(context.proto().output_size()) +
                   " outputs");
  int64_t total = 0;
  for (const int64_t size : sizes) {
    if (size < 0 || size > x[at] - total)
      return invalid_argument("split " + dims_to_string(sizes) + " of shape " + x.to_string());
    total += size;
  }
  if (total != x[at]) return invalid_argument("split " + dims_to_string(sizes) + " of shape " + x.to_string());
  Outputs outputs;
  int64_t start = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    ir::SliceAttributes slice = whole(x);
    slice.starts[at] = start;
    slice.sizes[at] = sizes[i];
    start += sizes[i];
    ZKI_ASSIGN_OR_RETURN(const ir::ValueId part,
                         context.add_output(i, OpKind::kSlice, {context.input(0)}, std::move(slice)));
    outputs.push_back(part);
  }
  return outputs;
}

Result<Outputs> import_expand(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  ZKI_ASSIGN_OR_RETURN(Dims dims, context.constant_ints(1, "shape"));
  ZKI_ASSIGN_OR_RETURN(Shape shape, Shape::make(std::move(dims)));
  ZKI_ASSIGN_OR_RETURN(shape, broadcast_shapes(context.shape(0), shape));
  return one_output(context.add(OpKind::kExpand, {context.input(0)}, ir::ExpandAttributes{std::move(shape)}));
}

Result<Outputs> import_tile(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  if (context.opset() < 6) return unsupported("Tile before opset 6 | convert the model with onnx.version_converter");
  ZKI_ASSIGN_OR_RETURN(Dims repeats, context.constant_ints(1, "repeats"));
  return one_output(context.add(OpKind::kTile, {context.input(0)}, ir::TileAttributes{std::move(repeats)}));
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"Reshape", "allowzero", no_check, import_reshape},
    {"Flatten", "axis", no_check, import_flatten},
    {"Squeeze", "axes", no_check, import_squeeze},
    {"Unsqueeze", "axes", no_check, import_unsqueeze},
    {"Transpose", "perm", no_check, import_transpose},
    {"Concat", "axis", no_check, import_concat},
    {"Slice", "axes ends starts", no_check, import_slice},
    {"Split", "axis split num_outputs", no_check, import_split},
    {"Expand", "", no_check, import_expand},
    {"Tile", "", no_check, import_tile},
});

}  // namespace

std::span<const Handler> movement_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
