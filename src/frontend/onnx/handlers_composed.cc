// SPDX-License-Identifier: Apache-2.0
// Operators that have no IR operator of their own and are written with several at import.
#include <array>
#include <cmath>

#include "frontend/onnx/conv.h"
#include "frontend/onnx/proto_text.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

Result<ValueId> reshape(NodeContext& context, ValueId x, Dims dims, std::string_view step) {
  ZKI_ASSIGN_OR_RETURN(Shape shape, Shape::make(std::move(dims)));
  return context.add(OpKind::kReshape, {x}, ir::ReshapeAttributes{std::move(shape)}, step);
}

// Reshape, permute, reshape.
Result<Outputs> shuffle(NodeContext& context, Dims split, Dims perm, Dims joined) {
  ZKI_ASSIGN_OR_RETURN(const ValueId blocks, reshape(context, context.input(0), std::move(split), "blocks"));
  ZKI_ASSIGN_OR_RETURN(const ValueId moved,
                       context.add(OpKind::kTranspose, {blocks}, ir::TransposeAttributes{std::move(perm)}, "moved"));
  return one_output(reshape(context, moved, std::move(joined), ""));
}

Result<int64_t> block_size(const NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(const int64_t block, context.int_attribute("blocksize", 0));
  const Shape& x = context.shape(0);
  if (block < 1 || block > 65536 || x.rank() != 4)
    return invalid_argument("blocksize " + std::to_string(block) + " for an input of shape " + x.to_string());
  return block;
}

Status check_depth_to_space(const NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const std::string mode, context.string_attribute("mode", "DCR"));
  return mode == "DCR" || mode == "CRD" ? ok_status() : corrupt("mode " + in_quotes(mode));
}

Result<Outputs> import_depth_to_space(NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const int64_t block, block_size(context));
  ZKI_ASSIGN_OR_RETURN(const std::string mode, context.string_attribute("mode", "DCR"));
  const Shape x = context.shape(0);
  const int64_t depth = x[1] / (block * block);
  if (depth * block * block != x[1])
    return invalid_argument("blocksize " + std::to_string(block) + " for " + std::to_string(x[1]) + " channels");
  const Dims joined{x[0], depth, x[2] * block, x[3] * block};
  if (mode == "DCR") return shuffle(context, {x[0], block, block, depth, x[2], x[3]}, {0, 3, 4, 1, 5, 2}, joined);
  return shuffle(context, {x[0], depth, block, block, x[2], x[3]}, {0, 1, 4, 2, 5, 3}, joined);
}

Result<Outputs> import_space_to_depth(NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const int64_t block, block_size(context));
  const Shape x = context.shape(0);
  if (x[2] % block != 0 || x[3] % block != 0)
    return invalid_argument("blocksize " + std::to_string(block) + " for shape " + x.to_string());
  return shuffle(context, {x[0], x[1], x[2] / block, block, x[3] / block, block}, {0, 3, 5, 1, 2, 4},
                 {x[0], x[1] * block * block, x[2] / block, x[3] / block});
}

// ---- ConvTranspose: the input with stride - 1 zeros between its elements, convolved with the flipped weight.

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

// w[C, O / groups, kernel..] -> [O, C / groups, kernel.. reversed].
FloatTensor flipped_weight(const FloatTensor& w, int64_t groups) {
  const int64_t group_inputs = w.shape()[0] / groups;
  const int64_t group_outputs = w.shape()[1];
  Dims dims = w.shape().dims();
  dims[0] = group_outputs * groups;
  dims[1] = group_inputs;
  FloatTensor flipped{Shape(dims)};
  const int64_t taps = w.shape().num_elements(2, w.shape().rank());
  for (int64_t c = 0; c < w.shape()[0]; ++c)
    for (int64_t o = 0; o < group_outputs; ++o)
      for (int64_t tap = 0; tap < taps; ++tap) {
        const int64_t filter = c / group_inputs * group_outputs + o;
        const int64_t to = (filter * group_inputs + c % group_inputs) * taps + taps - 1 - tap;
        flipped[static_cast<size_t>(to)] = w[static_cast<size_t>((c * group_outputs + o) * taps + tap)];
      }
  return flipped;
}

// [N, C, l..] -> [N, C, l * stride..] with zeros after every element.
Result<ValueId> spread(NodeContext& context, const Shape& x, const Dims& strides) {
  Dims split{x[0], x[1]};
  ir::PadAttributes pad{{0, 0}, {0, 0}, 0};
  Dims joined{x[0], x[1]};
  for (size_t i = 0; i < strides.size(); ++i) {
    split.insert(split.end(), {x[i + 2], 1});
    pad.begin.insert(pad.begin.end(), {0, 0});
    pad.end.insert(pad.end.end(), {0, strides[i] - 1});
    joined.push_back(x[i + 2] * strides[i]);
  }
  ZKI_ASSIGN_OR_RETURN(const ValueId single, reshape(context, context.input(0), std::move(split), "single"));
  ZKI_ASSIGN_OR_RETURN(const ValueId padded, context.add(OpKind::kPad, {single}, std::move(pad), "zeros"));
  return reshape(context, padded, std::move(joined), "spread");
}

Result<Outputs> import_conv_transpose(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  const Shape x = context.shape(0);
  ZKI_RETURN_IF_ERROR(check_spatial_rank(x));
  const ir::Value& weight = context.graph().value(context.input(1));
  if (weight.floats() == nullptr)
    return unsupported("weight " + in_quotes(weight.name) + " is computed at run time | make it an initializer");
  const FloatTensor w = *weight.floats();
  ZKI_ASSIGN_OR_RETURN(const int64_t groups, context.int_attribute("group", 1));
  if (w.shape().rank() != x.rank() || groups < 1 || w.shape()[0] != x[1] || x[1] % groups != 0 || w.num_elements() == 0)
    return invalid_argument("weight of shape " + w.shape().to_string() + " with group " + std::to_string(groups) +
                            " for an input of shape " + x.to_string());
  ZKI_ASSIGN_OR_RETURN(const TransposedWindows windows,
                       transposed_windows(context, x, Dims(w.shape().dims().begin() + 2, w.shape().dims().end())));
  ValueId input = context.input(0);
  bool strided = false;
  for (const int64_t stride : windows.strides) strided |= stride != 1;
  if (strided) {
    ZKI_ASSIGN_OR_RETURN(input, spread(context, x, windows.strides));
  }
  ir::ConvAttributes conv{Dims(windows.strides.size(), 1), windows.dilations, {}, {}, groups};
  const Shape spread_shape = context.graph().value(input).shape;
  ir::SliceAttributes crop{Dims(x.rank(), 0), spread_shape.dims(), Dims(x.rank(), 1)};
  for (size_t i = 0; i < windows.strides.size(); ++i) {
    const int64_t reach = windows.dilations[i] * (windows.kernel[i] - 1);
    const int64_t begin = reach - windows.pads_begin[i];
    const int64_t end = reach - windows.pads_end[i] + windows.output_padding[i] - (windows.strides[i] - 1);
    conv.pads_begin.push_back(std::max<int64_t>(begin, 0));
    conv.pads_end.push_back(std::max<int64_t>(end, 0));
    crop.starts[i + 2] = std::max<int64_t>(-begin, 0);
    crop.sizes[i + 2] -= crop.starts[i + 2] + std::max<int64_t>(-end, 0);
    if (crop.sizes[i + 2] < 1) return invalid_argument("the pads leave no output");
  }
  if (crop.sizes != spread_shape.dims()) {
    ZKI_ASSIGN_OR_RETURN(input, context.add(OpKind::kSlice, {input}, std::move(crop), "crop"));
  }
  const ValueId flipped = context.add_constant(flipped_weight(w, groups), ir::DataType::kFloat, "weight");
  if (x.rank() == 5 || (context.has_input(2) && !context.is_constant(2))) {
    Build build(context);
    const ValueId bias = context.has_input(2) ? context.input(2) : ir::kNoValue;
    return build.output(convolve(build, input, flipped, bias, std::move(conv)));
  }
  std::vector<ValueId> inputs{input, flipped};
  if (context.has_input(2)) inputs.push_back(context.input(2));
  return one_output(context.add(OpKind::kConv, std::move(inputs), std::move(conv)));
}

// ---- Smaller ones.

Result<Outputs> import_mean(NodeContext& context) {
  const size_t count = std::max<size_t>(context.num_inputs(), 1);
  ZKI_RETURN_IF_ERROR(context.require_inputs(count));
  ValueId sum = context.input(0);
  for (size_t i = 1; i < count; ++i) {
    ZKI_ASSIGN_OR_RETURN(sum, context.add(OpKind::kAdd, {sum, context.input(i)}, {}, "sum" + std::to_string(i)));
  }
  const ValueId factor =
      context.add_literal(FloatTensor(Shape{}, {1.0F / static_cast<float>(count)}), ir::DataType::kFloat, "factor");
  return one_output(context.add(OpKind::kMul, {sum, factor}));
}

// Keeps the upper or lower triangle of the last two axes: a selection by a constant mask.
Result<Outputs> import_trilu(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  const Shape x = context.shape(0);
  if (x.rank() < 2) return invalid_argument("input of shape " + x.to_string());
  ZKI_ASSIGN_OR_RETURN(const int64_t upper, context.int_attribute("upper", 1));
  Dims diagonal{0};
  if (context.has_input(1)) {
    ZKI_ASSIGN_OR_RETURN(diagonal, context.constant_ints(1, "k"));
  }
  if (diagonal.size() != 1) return corrupt("input 1 (k) needs one element");
  const int64_t k = std::clamp<int64_t>(diagonal[0], -kMaxElements, kMaxElements);
  const int64_t rows = x[x.rank() - 2];
  const int64_t columns = x[x.rank() - 1];
  IntTensor mask(Shape{rows, columns});
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      mask[static_cast<size_t>(i * columns + j)] = (upper != 0 ? j - i >= k : j - i <= k) ? 1 : 0;
  const ir::DataType dtype = context.graph().value(context.input(0)).dtype;
  const ValueId condition = context.add_literal(std::move(mask), ir::DataType::kBool, "mask");
  const AnyTensor nothing =
      dtype == ir::DataType::kFloat ? AnyTensor(FloatTensor(Shape{})) : AnyTensor(IntTensor(Shape{}));
  const ValueId zero = context.add_literal(nothing, dtype, "zero");
  return one_output(context.add(OpKind::kWhere, {condition, context.input(0), zero}));
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"DepthToSpace", "blocksize mode", check_depth_to_space, import_depth_to_space},
    {"SpaceToDepth", "blocksize", no_check, import_space_to_depth},
    {"ConvTranspose", "auto_pad dilations group kernel_shape output_padding output_shape pads strides", check_auto_pad,
     import_conv_transpose},
    {"Mean", "", no_check, import_mean},
    {"Trilu", "upper", no_check, import_trilu},
});

}  // namespace

std::span<const Handler> composed_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
