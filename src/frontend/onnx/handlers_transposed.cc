// SPDX-License-Identifier: Apache-2.0
// ConvTranspose: the input with stride - 1 zeros between its elements, convolved with the flipped weight. Col2Im is one whose
// weights say which cell of its window a channel is.
#include <algorithm>
#include <array>

#include "frontend/onnx/conv.h"
#include "frontend/onnx/proto_text.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

constexpr int64_t kMostWeightEntries = int64_t{1} << 24;

struct TransposedWindows {
  Dims kernel, strides, dilations, pads_begin, pads_end, output_padding;
};

Result<TransposedWindows> transposed_windows(const NodeContext& context, const Shape& x, Dims kernel) {
  const size_t spatial = kernel.size();
  ZKI_ASSIGN_OR_RETURN(const std::string auto_pad, context.string_attribute("auto_pad", "NOTSET"));
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> output_shape, context.ints_attribute("output_shape"));
  TransposedWindows windows{std::move(kernel), Dims(spatial, 1), Dims(spatial, 1),
                            Dims(spatial, 0),  Dims(spatial, 0), Dims(spatial, 0)};
  const auto read = [&](std::string_view name, Dims& into) -> Status {
    ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> given, context.ints_attribute(name));
    if (!given) return ok_status();
    if (given->size() != into.size())
      return corrupt("attribute '" + std::string(name) + "' has " + std::to_string(given->size()) + " entries");
    for (const int64_t entry : *given)
      if (entry < 0 || entry > 1 << 20)
        return invalid_argument("attribute '" + std::string(name) + "' " + dims_to_string(*given));
    into = *given;
    return ok_status();
  };
  Dims pads(2 * spatial, 0);
  ZKI_RETURN_IF_ERROR(read("strides", windows.strides));
  ZKI_RETURN_IF_ERROR(read("dilations", windows.dilations));
  ZKI_RETURN_IF_ERROR(read("output_padding", windows.output_padding));
  ZKI_RETURN_IF_ERROR(read("pads", pads));
  const bool same = auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER";
  if (output_shape && output_shape->size() < spatial) return corrupt("output_shape " + dims_to_string(*output_shape));
  for (size_t i = 0; i < spatial; ++i) {
    const int64_t stride = windows.strides[i];
    const int64_t length = x[i + 2];
    if (stride < 1 || windows.dilations[i] < 1 || windows.kernel[i] < 1 || length < 1)
      return invalid_argument("strides " + dims_to_string(windows.strides) + ", dilations " +
                              dims_to_string(windows.dilations));
    if (auto_pad == "NOTSET" && !output_shape) {
      windows.pads_begin[i] = pads[i];
      windows.pads_end[i] = pads[spatial + i];
    }
    if (!same && !output_shape) continue;
    const int64_t wanted = output_shape ? (*output_shape)[output_shape->size() - spatial + i] : length * stride;
    const int64_t full =
        stride * (length - 1) + windows.output_padding[i] + (windows.kernel[i] - 1) * windows.dilations[i] + 1;
    if (wanted < 1 || wanted > full + (1 << 20)) return invalid_argument("output length " + std::to_string(wanted));
    // A longer output than the windows reach is filled as by output_padding.
    windows.output_padding[i] += std::max<int64_t>(wanted - full, 0);
    const int64_t total = std::max<int64_t>(full - wanted, 0);
    windows.pads_begin[i] = auto_pad == "SAME_UPPER" ? total / 2 : total - total / 2;
    windows.pads_end[i] = total - windows.pads_begin[i];
  }
  return windows;
}

// [N, C, l..] -> [N, C, l * stride..] with zeros after every element.
ValueId spread(Build& b, ValueId x, const Dims& strides) {
  if (std::all_of(strides.begin(), strides.end(), [](int64_t stride) { return stride == 1; })) return x;
  const Shape in = b.shape(x);
  Dims split{in[0], in[1]};
  ir::PadAttributes pad{{0, 0}, {0, 0}, 0};
  Dims joined{in[0], in[1]};
  for (size_t i = 0; i < strides.size(); ++i) {
    split.insert(split.end(), {in[i + 2], 1});
    pad.begin.insert(pad.begin.end(), {0, 0});
    pad.end.insert(pad.end.end(), {0, strides[i] - 1});
    joined.push_back(in[i + 2] * strides[i]);
  }
  return b.reshape(b.op(OpKind::kPad, {b.reshape(x, std::move(split))}, std::move(pad)), std::move(joined));
}

// w[C, O / groups, kernel..] -> [O, C / groups, kernel.. reversed].
ValueId flipped(Build& b, ValueId w, int64_t groups) {
  const Shape shape = b.shape(w);
  Dims grouped{groups, shape[0] / groups, shape[1]};
  Dims perm{0, 2, 1};
  Dims joined{groups * shape[1], shape[0] / groups};
  for (size_t i = 2; i < shape.rank(); ++i) {
    grouped.push_back(shape[i]);
    perm.push_back(static_cast<int64_t>(i) + 1);
    joined.push_back(shape[i]);
  }
  ValueId y = b.reshape(b.transpose(b.reshape(w, std::move(grouped)), std::move(perm)), std::move(joined));
  for (size_t i = 2; i < shape.rank(); ++i)
    if (shape[i] > 1) y = b.slice(y, i, shape[i] - 1, shape[i], -1);
  return y;
}

// x [N, C, l..], w [C, O / groups, kernel..], bias [O] or none; all may be computed.
ValueId transposed_convolution(Build& b, ValueId x, ValueId w, ValueId bias, const TransposedWindows& windows,
                               int64_t groups) {
  x = spread(b, x, windows.strides);
  if (!b.ok()) return x;
  ir::ConvAttributes conv{Dims(windows.strides.size(), 1), windows.dilations, {}, {}, groups};
  for (size_t i = 0; i < windows.strides.size(); ++i) {
    const int64_t reach = windows.dilations[i] * (windows.kernel[i] - 1);
    conv.pads_begin.push_back(reach - windows.pads_begin[i]);
    conv.pads_end.push_back(reach - windows.pads_end[i] + windows.output_padding[i] - (windows.strides[i] - 1));
  }
  return convolve(b, x, flipped(b, w, groups), bias, std::move(conv));
}

Result<Outputs> import_conv_transpose(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  const Shape x = context.shape(0);
  ZKI_RETURN_IF_ERROR(check_spatial_rank(x));
  const Shape w = context.shape(1);
  ZKI_ASSIGN_OR_RETURN(const int64_t groups, context.int_attribute("group", 1));
  if (w.rank() != x.rank() || groups < 1 || w[0] != x[1] || x[1] % groups != 0 || w.num_elements() == 0)
    return invalid_argument("weight of shape " + w.to_string() + " with group " + std::to_string(groups) +
                            " for an input of shape " + x.to_string());
  ZKI_ASSIGN_OR_RETURN(const TransposedWindows windows,
                       transposed_windows(context, x, Dims(w.dims().begin() + 2, w.dims().end())));
  Build b(context);
  const ValueId bias = context.has_input(2) ? context.input(2) : ir::kNoValue;
  return b.output(transposed_convolution(b, context.input(0), context.input(1), bias, windows, groups));
}

// x [N, C * cells, windows] -> [N, C, image..]: where windows overlap their cells are added.
Result<Outputs> import_col2im(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(3));
  ZKI_ASSIGN_OR_RETURN(const Dims image, context.constant_ints(1, "image_shape"));
  ZKI_ASSIGN_OR_RETURN(const Dims block, context.constant_ints(2, "block_shape"));
  const size_t axes = image.size();
  if (axes < 1 || axes > 3) return unsupported(std::to_string(axes) + " spatial axes | one to three are possible");
  TransposedWindows windows{block, Dims(axes, 1), Dims(axes, 1), Dims(axes, 0), Dims(axes, 0), Dims(axes, 0)};
  const auto read = [&](std::string_view name, Dims missing) -> Result<Dims> {
    ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> given, context.ints_attribute(name));
    const Dims list = given.value_or(missing);
    for (const int64_t entry : list)
      if (list.size() != missing.size() || entry < missing[0] || entry > 1 << 20)
        return invalid_argument("attribute '" + std::string(name) + "' " + dims_to_string(list));
    return list;
  };
  ZKI_ASSIGN_OR_RETURN(windows.strides, read("strides", Dims(axes, 1)));
  ZKI_ASSIGN_OR_RETURN(windows.dilations, read("dilations", Dims(axes, 1)));
  ZKI_ASSIGN_OR_RETURN(const Dims pads, read("pads", Dims(2 * axes, 0)));
  const Shape x = context.shape(0);
  const std::string where = "image " + dims_to_string(image) + " and block " + dims_to_string(block) +
                            " for an input of shape " + x.to_string();
  if (x.rank() != 3 || block.size() != axes) return invalid_argument(where);
  int64_t cells = 1;
  int64_t count = 1;
  Dims split;
  for (size_t i = 0; i < axes; ++i) {
    if (block[i] < 1 || block[i] > 1 << 20 || image[i] < 1 || image[i] > 1 << 20) return invalid_argument(where);
    windows.pads_begin[i] = pads[i];
    windows.pads_end[i] = pads[axes + i];
    const int64_t reach = windows.dilations[i] * (block[i] - 1);
    const int64_t room = image[i] + pads[i] + pads[axes + i] - reach - 1;
    if (room < 0) return invalid_argument(where);
    split.push_back(room / windows.strides[i] + 1);
    windows.output_padding[i] = room % windows.strides[i];
    cells *= block[i];
    count *= split.back();
    if (cells > 1 << 24 || count > 1 << 24) return invalid_argument(where);
  }
  if (x[1] % cells != 0 || x[2] != count) return invalid_argument(where);
  if (x[1] > kMostWeightEntries / cells) return resource_limit(where);
  Dims kernel{x[1], 1};
  kernel.insert(kernel.end(), block.begin(), block.end());
  FloatTensor places{Shape(kernel)};
  for (int64_t channel = 0; channel < x[1]; ++channel)
    places[static_cast<size_t>(channel * cells + channel % cells)] = 1;
  Build b(context);
  Dims dims{x[0], x[1]};
  dims.insert(dims.end(), split.begin(), split.end());
  const ValueId columns = b.reshape(context.input(0), std::move(dims));
  const ValueId weight = b.literal(std::move(places), ir::DataType::kFloat);
  return b.output(transposed_convolution(b, columns, weight, ir::kNoValue, windows, x[1] / cells));
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"ConvTranspose", "auto_pad dilations group kernel_shape output_padding output_shape pads strides", check_auto_pad,
     import_conv_transpose},
    {"Col2Im", "dilations pads strides", no_check, import_col2im},
});

}  // namespace

std::span<const Handler> transposed_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
