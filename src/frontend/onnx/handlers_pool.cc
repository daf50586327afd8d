// SPDX-License-Identifier: Apache-2.0
// Pools in one to three dimensions. The IR has them in one and two, without dilation for averages: a pool over three axes is
// one along the depth and one along the others; a dilated average is a convolution.
#include <algorithm>
#include <array>
#include <cmath>

#include "frontend/onnx/conv.h"
#include "frontend/onnx/normalize.h"
#include "frontend/onnx/proto_text.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

Status check_pool(const NodeContext& context) { return check_auto_pad(context); }

Result<Windows> pool_windows(const NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_RETURN_IF_ERROR(check_spatial_rank(context.shape(0)));
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> kernel, context.ints_attribute("kernel_shape"));
  if (!kernel) return corrupt("attribute 'kernel_shape' is missing");
  return read_windows(context, context.shape(0), *kernel);
}

ir::PoolAttributes attributes_of(const Windows& windows, size_t first, size_t last, bool count_include_pad) {
  const auto part = [&](const Dims& dims) {
    return Dims(dims.begin() + static_cast<std::ptrdiff_t>(first), dims.begin() + static_cast<std::ptrdiff_t>(last));
  };
  return {part(windows.kernel),     part(windows.strides),  part(windows.dilations),
          part(windows.pads_begin), part(windows.pads_end), count_include_pad};
}

// Three axes: along the depth of [N, C, D, H W], then along the others of [N C D', 1, H, W].
ValueId pool(Build& build, OpKind op, ValueId x, const Windows& windows, bool count_include_pad) {
  const Shape in = build.shape(x);
  const size_t spatial = windows.kernel.size();
  if (spatial < 3) return build.op(op, {x}, attributes_of(windows, 0, spatial, count_include_pad));
  ir::PoolAttributes depth = attributes_of(windows, 0, 1, count_include_pad);
  for (Dims* list : {&depth.kernel, &depth.strides, &depth.dilations}) list->push_back(1);
  for (Dims* list : {&depth.pads_begin, &depth.pads_end}) list->push_back(0);
  const ValueId along = build.op(op, {build.reshape(x, {in[0], in[1], in[2], in[3] * in[4]})}, std::move(depth));
  if (!build.ok()) return x;
  const int64_t depths = build.shape(along)[2];
  const ValueId planes = build.reshape(along, {in[0] * in[1] * depths, 1, in[3], in[4]});
  const ValueId y = build.op(op, {planes}, attributes_of(windows, 1, 3, count_include_pad));
  if (!build.ok()) return x;
  return build.reshape(y, {in[0], in[1], depths, build.shape(y)[2], build.shape(y)[3]});
}

ir::ConvAttributes window_attributes(const Windows& windows) {
  return {windows.strides, windows.dilations, windows.pads_begin, windows.pads_end, 1};
}

// The maximum and where it is: an index into the whole input, row by row or, with storage_order 1, column by column.
Result<Outputs> max_and_index(NodeContext& context, const Windows& windows) {
  ZKI_ASSIGN_OR_RETURN(const int64_t order, context.int_attribute("storage_order", 0));
  const Shape in = context.shape(0);
  IntTensor places(in);
  const int64_t points = in.num_elements(2, in.rank());
  for (size_t i = 0; i < places.data().size(); ++i) {
    const int64_t flat = static_cast<int64_t>(i);
    int64_t at = flat % points;
    if (order != 0) {
      int64_t rest = at;
      Dims place;
      for (size_t axis = in.rank(); axis-- > 2; rest /= in[axis]) place.insert(place.begin(), rest % in[axis]);
      at = 0;
      for (size_t axis = in.rank(); axis-- > 2;) at = at * in[axis] + place[axis - 2];
    }
    places[i] = flat / points * points + at;
  }
  Build b(context);
  Dims out;
  const ir::DataType dtype = context.value(0).dtype;
  // Cells outside repeat one inside: the first maximum is the same cell.
  const ValueId cells =
      columns(b, b.cast(context.input(0), ir::DataType::kFloat), windows.kernel, window_attributes(windows), true, out);
  const ValueId known = columns(b, b.literal(std::move(places), ir::DataType::kInt64), windows.kernel,
                                window_attributes(windows), true, out);
  const ValueId which = b.op(OpKind::kArgMax, {cells}, ir::ArgMaxAttributes{2, true});
  const ValueId index = b.pick(known, which, 2);
  const ValueId largest = b.reduce(OpKind::kReduceMax, cells, {2});
  Dims dims{in[0], in[1]};
  dims.insert(dims.end(), out.begin(), out.end());
  return b.outputs({b.cast(b.reshape(largest, dims), dtype), b.reshape(index, dims)});
}

Result<Outputs> import_max_pool(NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const Windows windows, pool_windows(context));
  if (context.proto().output_size() > 1 && !context.proto().output(1).empty()) return max_and_index(context, windows);
  const ir::DataType dtype = context.value(0).dtype;
  if (windows.kernel.size() < 3 && dtype == ir::DataType::kFloat)
    return one_output(
        context.add(OpKind::kMaxPool, {context.input(0)}, attributes_of(windows, 0, windows.kernel.size(), false)));
  Build build(context);
  const ValueId floats = build.cast(context.input(0), ir::DataType::kFloat);
  return build.output(build.cast(pool(build, OpKind::kMaxPool, floats, windows, false), dtype));
}

// How many cells of each window are inside the input, or inside it and its pads (not what ceil_mode lets overhang): one
// number per output position and axis, multiplied.
FloatTensor cells_inside(const Shape& in, const Windows& windows, const Dims& pads_end, bool count_include_pad,
                         const Shape& out) {
  const size_t spatial = windows.kernel.size();
  std::vector<std::vector<float>> counts(spatial);
  for (size_t i = 0; i < spatial; ++i)
    for (int64_t at = 0; at < out[i + 2]; ++at) {
      float count = 0;
      for (int64_t k = 0; k < windows.kernel[i]; ++k) {
        const int64_t cell = at * windows.strides[i] + k * windows.dilations[i] - windows.pads_begin[i];
        const int64_t low = count_include_pad ? -windows.pads_begin[i] : 0;
        const int64_t high = in[i + 2] + (count_include_pad ? pads_end[i] : 0);
        count += cell >= low && cell < high ? 1.0F : 0.0F;
      }
      counts[i].push_back(std::max(count, 1.0F));
    }
  Dims dims{1, 1};
  for (size_t i = 0; i < spatial; ++i) dims.push_back(out[i + 2]);
  FloatTensor cells{Shape(dims)};
  for (size_t i = 0; i < cells.data().size(); ++i) {
    auto rest = static_cast<int64_t>(i);
    float product = 1;
    for (size_t axis = spatial; axis-- > 0; rest /= out[axis + 2])
      product *= counts[axis][static_cast<size_t>(rest % out[axis + 2])];
    cells[i] = product;
  }
  return cells;
}

// The sum over every window.
ValueId window_sums(Build& build, ValueId x, const Windows& windows) {
  const Shape in = build.shape(x);
  const bool dilated =
      std::any_of(windows.dilations.begin(), windows.dilations.end(), [](int64_t d) { return d != 1; });
  double cells = 1;
  for (const int64_t side : windows.kernel) cells *= static_cast<double>(side);
  if (!dilated) return build.mul(pool(build, OpKind::kAveragePool, x, windows, true), build.number(cells));
  Dims dims{in[1], 1};
  dims.insert(dims.end(), windows.kernel.begin(), windows.kernel.end());
  Result<Shape> shape = Shape::make(std::move(dims));
  if (!shape.ok() || shape->num_elements() > 1 << 24) {
    build.fail(resource_limit("a dilated window of so many cells"));
    return x;
  }
  const auto count = static_cast<size_t>(shape->num_elements());
  const ValueId ones = build.literal(FloatTensor(*shape, std::vector<float>(count, 1)), ir::DataType::kFloat);
  return convolve(build, x, ones, ir::kNoValue,
                  {windows.strides, windows.dilations, windows.pads_begin, windows.pads_end, in[1]});
}

Result<Outputs> import_average_pool(NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const Windows windows, pool_windows(context));
  ZKI_ASSIGN_OR_RETURN(const int64_t count_include_pad, context.int_attribute("count_include_pad", 0));
  const bool counts = count_include_pad != 0;
  const bool dilated =
      std::any_of(windows.dilations.begin(), windows.dilations.end(), [](int64_t d) { return d != 1; });
  if (!dilated && !(counts && windows.extended)) {
    if (windows.kernel.size() < 3)
      return one_output(context.add(OpKind::kAveragePool, {context.input(0)},
                                    attributes_of(windows, 0, windows.kernel.size(), counts)));
    Build build(context);
    return build.output(pool(build, OpKind::kAveragePool, context.input(0), windows, counts));
  }
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> given, context.ints_attribute("pads"));
  Dims pads_end = windows.pads_end;
  if (windows.extended && given)
    pads_end.assign(given->begin() + static_cast<std::ptrdiff_t>(windows.kernel.size()), given->end());
  else if (windows.extended)
    std::fill(pads_end.begin(), pads_end.end(), 0);
  Build build(context);
  const ValueId sums = window_sums(build, context.input(0), windows);
  if (!build.ok()) return build.status();
  FloatTensor cells = cells_inside(context.shape(0), windows, pads_end, counts, build.shape(sums));
  return build.output(build.div(sums, build.literal(std::move(cells), ir::DataType::kFloat)));
}

Result<int64_t> power_of(const NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const int64_t p, context.int_attribute("p", 2));
  if (p < 1 || p > 64) return unsupported("p " + std::to_string(p) + " | use 1 to 64");
  return p;
}

Result<Outputs> import_lp_pool(NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const Windows windows, pool_windows(context));
  ZKI_ASSIGN_OR_RETURN(const int64_t p, power_of(context));
  Build build(context);
  if (p == 1) return build.output(window_sums(build, build.abs(context.input(0)), windows));
  Dims dims;
  const ValueId cells = columns(build, context.input(0), windows.kernel, window_attributes(windows), false, dims);
  const ValueId norm = p_norm(build, cells, {2}, p);
  dims.insert(dims.begin(), {context.shape(0)[0], context.shape(0)[1]});
  return build.output(build.reshape(norm, std::move(dims)));
}

Result<Outputs> import_global_lp_pool(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(const int64_t p, power_of(context));
  Dims axes;
  for (size_t axis = 2; axis < context.shape(0).rank(); ++axis) axes.push_back(static_cast<int64_t>(axis));
  Build build(context);
  return build.output(p_norm(build, context.input(0), std::move(axes), p));
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"MaxPool", "auto_pad ceil_mode dilations kernel_shape pads storage_order strides", check_pool, import_max_pool},
    {"AveragePool", "auto_pad ceil_mode count_include_pad dilations kernel_shape pads strides", check_pool,
     import_average_pool},
    {"LpPool", "auto_pad ceil_mode dilations kernel_shape p pads strides", check_pool, import_lp_pool},
    {"GlobalLpPool", "p", no_check, import_global_lp_pool},
    {"GlobalAveragePool", "", no_check, nullptr, OpKind::kGlobalAveragePool},
    {"GlobalMaxPool", "", no_check, nullptr, OpKind::kGlobalMaxPool},
});

}  // namespace

std::span<const Handler> pool_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
