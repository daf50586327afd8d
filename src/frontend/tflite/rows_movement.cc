// SPDX-License-Identifier: Apache-2.0
// Numbers that move and do not change: shapes, axes, parts, borders, indices.
#include <algorithm>
#include <array>
#include <limits>

#include <onnx/onnx_pb.h>

#include "frontend/tflite/lowering.h"

namespace zkinfer::frontend_tflite {

namespace {

constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();

// The result of moving input i's numbers.
Status moved(Operation& op, std::string y, std::size_t i = 0, std::size_t output = 0) {
  op.g.set_any(op.output(output), std::move(y), Layout::kLast, op.g.same_grid(op.input(i), op.output(output)));
  return op.g.status();
}

Result<Dims> axes_of(Operation& op, std::size_t i, std::string_view what, std::size_t rank) {
  ZKI_ASSIGN_OR_RETURN(Dims axes, op.g.integers(op.input(i), what));
  for (std::int64_t& axis : axes) {
    ZKI_ASSIGN_OR_RETURN(axis, resolved_axis(axis, rank));
  }
  return axes;
}

Dims listed(const Vector<std::int32_t>& list) {
  Dims out;
  for (std::size_t i = 0; i < list.size() && i < 4096; ++i) out.push_back(list[i]);
  return out;
}

// A shape that the model may compute.
std::string shape_of(Operation& op, std::size_t i) {
  return op.node("Cast", {op.raw(i)}, {{"to", onnx::TensorProto::INT64}});
}

// The shape is an input, or an option of older files.
Status read_reshape(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(1));
  const std::string shape = op.has_input(1) ? shape_of(op, 1) : op.list(listed(op.options().vector<std::int32_t>(0)));
  return moved(op, op.node("Reshape", {op.any(0), shape}, {{"allowzero", 1}}));
}

Status read_squeeze(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(1));
  const Dims axes = listed(op.options().vector<std::int32_t>(0));
  Names inputs{op.any(0)};
  if (!axes.empty()) inputs.push_back(op.list(axes));
  return moved(op, op.node("Squeeze", inputs));
}

Status read_expand_dims(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(2));
  ZKI_ASSIGN_OR_RETURN(const Dims axes, axes_of(op, 1, "the axis", op.tensor(0).shape.size() + 1));
  return moved(op, op.node("Unsqueeze", {op.any(0), op.list(axes)}));
}

Status read_transpose(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(2));
  ZKI_ASSIGN_OR_RETURN(const Dims perm, axes_of(op, 1, "the order of the axes", op.tensor(0).shape.size()));
  return moved(op, op.node("Transpose", {op.any(0)}, {{"perm", perm}}));
}

// Of images whose channels come first, along any axis.
Status read_concatenation(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(1));
  constexpr int kAxis = 0, kActivation = 1;
  const std::size_t rank = op.tensor(0).shape.size();
  ZKI_ASSIGN_OR_RETURN(std::int64_t axis, resolved_axis(op.options().number<std::int32_t>(kAxis), rank));
  ZKI_RETURN_IF_ERROR(op.require(op.num_inputs()));
  bool first = rank >= 4 && op.g.is_real(op.output());
  bool on_grid = op.options().number<std::int8_t>(kActivation) == 0;
  for (std::size_t i = 0; i < op.num_inputs(); ++i) {
    first = first && (op.g.layout_of(op.input(i)) == Layout::kFirst && op.g.is_real(op.input(i)));
    on_grid = on_grid && op.g.same_grid(op.input(i), op.output());
  }
  const Layout layout = first ? Layout::kFirst : Layout::kLast;
  if (first && axis > 0) axis = axis == static_cast<std::int64_t>(rank) - 1 ? 1 : axis + 1;
  Names parts;
  for (std::size_t i = 0; i < op.num_inputs(); ++i) parts.push_back(op.g.any(op.input(i), layout));
  ZKI_ASSIGN_OR_RETURN(const std::string y, op.activated(op.node("Concat", parts, {{"axis", axis}}), kActivation));
  op.g.set_any(op.output(), y, layout, on_grid);
  return op.g.status();
}

Status split(Operation& op, std::size_t data, std::int64_t axis, const Dims& sizes) {
  std::int64_t at = 0;
  for (std::size_t i = 0; i < op.num_outputs(); ++i) {
    const std::string part = op.node("Slice", {op.any(data), op.list({at}), op.list({at + sizes[i]}), op.list({axis})});
    ZKI_RETURN_IF_ERROR(moved(op, part, data, i));
    at += sizes[i];
  }
  return op.g.status();
}

Status read_split(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(2));
  const Tensor& x = op.tensor(1);
  ZKI_ASSIGN_OR_RETURN(const Dims axes, axes_of(op, 0, "the axis", x.shape.size()));
  if (axes.size() != 1) return corrupt("an axis of " + std::to_string(axes.size()) + " numbers");
  ZKI_ASSIGN_OR_RETURN(const std::int64_t length, fixed_length(x, static_cast<std::size_t>(axes[0])));
  const auto count = static_cast<std::int64_t>(op.num_outputs());
  if (length % count != 0) return corrupt(std::to_string(length) + " positions in " + std::to_string(count) + " parts");
  return split(op, 1, axes[0], Dims(op.num_outputs(), length / count));
}

Status read_split_v(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(3));
  const Tensor& x = op.tensor(0);
  ZKI_ASSIGN_OR_RETURN(const Dims axes, axes_of(op, 2, "the axis", x.shape.size()));
  ZKI_ASSIGN_OR_RETURN(Dims sizes, op.g.integers(op.input(1), "the sizes of the parts"));
  if (axes.size() != 1 || sizes.size() != op.num_outputs())
    return corrupt("sizes of parts that do not fit its outputs");
  std::int64_t rest = x.shape[static_cast<std::size_t>(axes[0])];
  for (const std::int64_t size : sizes) rest -= std::max<std::int64_t>(size, 0);
  for (std::int64_t& size : sizes)
    if (size < 0) size = rest;
  return split(op, 0, axes[0], sizes);
}

Status read_slice(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(3));
  ZKI_ASSIGN_OR_RETURN(const Dims begin, op.g.integers(op.input(1), "the begin"));
  ZKI_ASSIGN_OR_RETURN(const Dims size, op.g.integers(op.input(2), "the size"));
  const std::size_t rank = op.tensor(0).shape.size();
  if (begin.size() != rank || size.size() != rank) return corrupt("a begin and a size that do not fit the rank");
  Dims end, axes;
  for (std::size_t axis = 0; axis < rank; ++axis) {
    if (begin[axis] < 0 || begin[axis] > kMaxElements || size[axis] > kMaxElements)
      return corrupt("a begin of " + dims_to_string(begin) + " and a size of " + dims_to_string(size));
    end.push_back(size[axis] < 0 ? kEnd : begin[axis] + size[axis]);
    axes.push_back(static_cast<std::int64_t>(axis));
  }
  return moved(op, op.node("Slice", {op.any(0), op.list(begin), op.list(end), op.list(axes)}));
}

// x[begin:end:step] of NumPy with masks: bits say for which positions of the lists the begin or end is not given, an axis is left out
// or new, or the ellipsis stands.
Status read_strided_slice(Operation& op) {
  enum Field { kBeginMask, kEndMask, kEllipsisMask, kNewAxisMask, kShrinkMask, kOffset };
  ZKI_RETURN_IF_ERROR(op.require(4));
  if (op.options().flag(kOffset)) return unsupported("ends relative to begins | convert the model again");
  const auto mask = [&](int field, std::size_t bit) {
    return bit < 32 && (op.options().number<std::uint32_t>(field) >> bit & 1U) != 0;
  };
  ZKI_ASSIGN_OR_RETURN(const Dims begin, op.g.integers(op.input(1), "the begin"));
  ZKI_ASSIGN_OR_RETURN(const Dims end, op.g.integers(op.input(2), "the end"));
  ZKI_ASSIGN_OR_RETURN(const Dims step, op.g.integers(op.input(3), "the step"));
  const std::size_t count = begin.size();
  if (end.size() != count || step.size() != count || count > kMaxRank) return corrupt("lists of unlike lengths");
  const std::size_t rank = op.tensor(0).shape.size();
  std::size_t named = 0;  // axes of the input that the lists speak of
  for (std::size_t i = 0; i < count; ++i) named += mask(kEllipsisMask, i) || mask(kNewAxisMask, i) ? 0 : 1;
  if (named > rank) return corrupt("more ranges than the input has axes");
  Dims starts, ends, axes, steps, dropped, added;
  std::size_t axis = 0;    // of the input
  std::int64_t place = 0;  // of the result before axes are dropped
  for (std::size_t i = 0; i < count; ++i) {
    if (mask(kEllipsisMask, i)) {
      axis += rank - named;
      place += static_cast<std::int64_t>(rank - named);
      continue;
    }
    if (mask(kNewAxisMask, i)) {
      added.push_back(place++);
      continue;
    }
    const bool shrinks = mask(kShrinkMask, i);
    if (step[i] == 0 || (shrinks && step[i] < 0)) return corrupt("a step of " + std::to_string(step[i]));
    axes.push_back(static_cast<std::int64_t>(axis++));
    if (shrinks) {
      starts.push_back(begin[i]);
      ends.push_back(begin[i] == -1 ? kEnd : begin[i] + 1);
      steps.push_back(1);
      dropped.push_back(place++);
      continue;
    }
    starts.push_back(!mask(kBeginMask, i) ? begin[i] : step[i] > 0 ? 0 : kEnd);
    ends.push_back(!mask(kEndMask, i) ? end[i] : step[i] > 0 ? kEnd : -kEnd);
    steps.push_back(step[i]);
    ++place;
  }
  std::string y = op.any(0);
  if (!axes.empty()) y = op.node("Slice", {y, op.list(starts), op.list(ends), op.list(axes), op.list(steps)});
  if (!added.empty()) y = op.node("Unsqueeze", {y, op.list(added)});
  if (!dropped.empty()) y = op.node("Squeeze", {y, op.list(dropped)});
  return moved(op, y);
}

// Borders [rank, 2] as ONNX wants them: all begins, then all ends.
Result<std::string> borders(Operation& op) {
  ZKI_ASSIGN_OR_RETURN(const Dims pairs, op.g.integers(op.input(1), "the borders"));
  if (pairs.size() != 2 * op.tensor(0).shape.size()) return corrupt("borders that do not fit the rank");
  Dims pads;
  for (const std::size_t side : {0, 1})
    for (std::size_t i = side; i < pairs.size(); i += 2) {
      if (pairs[i] < 0) return corrupt("a border of " + std::to_string(pairs[i]));
      pads.push_back(pairs[i]);
    }
  return op.list(pads);
}

// With zeros, or the number that input 2 holds.
Status read_pad(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(2));
  ZKI_ASSIGN_OR_RETURN(const std::string pads, borders(op));
  Names inputs{op.any(0), pads};
  if (op.has_input(2)) inputs.push_back(op.any(2));
  const std::string y = op.node("Pad", inputs);
  const bool on_grid =
      op.g.same_grid(op.input(0), op.output()) && (!op.has_input(2) || op.g.same_grid(op.input(2), op.output()));
  op.g.set_any(op.output(), y, Layout::kLast, on_grid);
  return op.g.status();
}

// REFLECT: without the border itself. SYMMETRIC: with it, which is a gather.
Status read_mirror_pad(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(2));
  ZKI_ASSIGN_OR_RETURN(const std::string pads, borders(op));
  if (op.options().number<std::int8_t>(0) == 0)
    return moved(op, op.node("Pad", {op.any(0), pads}, {{"mode", "reflect"}}));
  ZKI_ASSIGN_OR_RETURN(const Dims pairs, op.g.integers(op.input(1), "the borders"));
  std::string y = op.any(0);
  for (std::size_t axis = 0; 2 * axis < pairs.size(); ++axis) {
    const std::int64_t before = pairs[2 * axis];
    const std::int64_t after = pairs[2 * axis + 1];
    if (before + after == 0) continue;
    ZKI_ASSIGN_OR_RETURN(const std::int64_t length, fixed_length(op.tensor(0), axis));
    if (before > length || after > length) return corrupt("a border longer than the axis");
    if (length > 1 << 22) return resource_limit("borders of an axis of " + std::to_string(length) + " positions");
    Dims from;
    for (std::int64_t at = -before; at < length + after; ++at)
      from.push_back(at < 0 ? -1 - at : at < length ? at : 2 * length - 1 - at);
    y = op.node("Gather", {y, op.list(from)}, {{"axis", static_cast<std::int64_t>(axis)}});
  }
  return moved(op, y);
}

Status read_pack(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(1));
  ZKI_RETURN_IF_ERROR(op.require(op.num_inputs()));
  constexpr int kAxis = 1;
  ZKI_ASSIGN_OR_RETURN(const std::int64_t axis,
                       resolved_axis(op.options().number<std::int32_t>(kAxis), op.tensor(0).shape.size() + 1));
  Names parts;
  bool on_grid = true;
  for (std::size_t i = 0; i < op.num_inputs(); ++i) {
    parts.push_back(op.node("Unsqueeze", {op.any(i), op.list({axis})}));
    on_grid = on_grid && op.g.same_grid(op.input(i), op.output());
  }
  op.g.set_any(op.output(), op.node("Concat", parts, {{"axis", axis}}), Layout::kLast, on_grid);
  return op.g.status();
}

Status read_unpack(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(1));
  constexpr int kAxis = 1;
  ZKI_ASSIGN_OR_RETURN(const std::int64_t axis,
                       resolved_axis(op.options().number<std::int32_t>(kAxis), op.tensor(0).shape.size()));
  for (std::size_t i = 0; i < op.num_outputs(); ++i) {
    const std::string at = op.g.builder().scalar(static_cast<std::int64_t>(i), onnx::TensorProto::INT64);
    ZKI_RETURN_IF_ERROR(moved(op, op.node("Gather", {op.any(0), at}, {{"axis", axis}}), 0, i));
  }
  return op.g.status();
}

Status read_gather(Operation& op) {
  enum Field { kAxis, kBatch };
  ZKI_RETURN_IF_ERROR(op.require(2));
  if (op.options().number<std::int32_t>(kBatch) != 0)
    return unsupported("gathering in batches | gather from one table");
  ZKI_ASSIGN_OR_RETURN(const std::int64_t axis,
                       resolved_axis(op.options().number<std::int32_t>(kAxis), op.tensor(0).shape.size()));
  return moved(op, op.node("Gather", {op.any(0), op.raw(1)}, {{"axis", axis}}));
}

// Inputs: rows, table.
Status read_embedding_lookup(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(2));
  return moved(op, op.node("Gather", {op.any(1), op.raw(0)}, {{"axis", 0}}), 1);
}

Status read_gather_nd(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(2));
  const std::string indices = op.node("Cast", {op.raw(1)}, {{"to", onnx::TensorProto::INT64}});
  return moved(op, op.node("GatherND", {op.any(0), indices}));
}

Status read_tile(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(2));
  return moved(op, op.node("Tile", {op.any(0), shape_of(op, 1)}));
}

Status read_broadcast_to(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(2));
  return moved(op, op.node("Expand", {op.any(0), shape_of(op, 1)}));
}

Status read_reverse(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(2));
  ZKI_ASSIGN_OR_RETURN(const Dims axes, axes_of(op, 1, "the axes", op.tensor(0).shape.size()));
  const std::size_t count = axes.size();
  return moved(op, op.node("Slice", {op.any(0), op.list(Dims(count, kEnd)), op.list(Dims(count, -kEnd)), op.list(axes),
                                     op.list(Dims(count, -1))}));
}

// Blocks of a picture to channels and back: ONNX's with channels first count them alike.
Status blocks(Operation& op, std::string_view op_type, const Attributes& attributes) {
  if (op.tensor(0).shape.size() != 4) return corrupt("an input of rank " + std::to_string(op.tensor(0).shape.size()));
  const std::string y = op.node(op_type, {op.g.real(op.input(0), Layout::kFirst)}, attributes);
  op.g.set_real(op.output(), y, Layout::kFirst, op.g.same_grid(op.input(0), op.output()));
  return op.g.status();
}

Status read_depth_to_space(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(1));
  return blocks(op, "DepthToSpace", {{"blocksize", op.options().number<std::int32_t>(0)}, {"mode", "DCR"}});
}

Status read_space_to_depth(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(1));
  return blocks(op, "SpaceToDepth", {{"blocksize", op.options().number<std::int32_t>(0)}});
}

// Both work on the axes after the batch: [n, blocks.., spatial.., rest..]. The batch is what they leave (-1): an open one is not stored.
struct Batches {
  Dims block, borders, shape;
};

Result<Batches> read_batches(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(3));
  Batches b;
  ZKI_ASSIGN_OR_RETURN(b.block, op.g.integers(op.input(1), "the block"));
  ZKI_ASSIGN_OR_RETURN(b.borders, op.g.integers(op.input(2), "the borders"));
  b.shape = op.tensor(0).shape;
  if (b.borders.size() != 2 * b.block.size() || b.shape.size() < b.block.size() + 1)
    return corrupt("a block and borders that do not fit the rank");
  for (const std::int64_t x : b.block)
    if (x < 1 || x > 1 << 16) return corrupt("a block of " + dims_to_string(b.block));
  for (const std::int64_t x : b.borders)
    if (x < 0 || x > 1 << 24) return corrupt("borders of " + dims_to_string(b.borders));
  for (std::size_t axis = 0; axis < b.shape.size(); ++axis)
    if (op.tensor(0).open[axis] && axis > 0)
      return unsupported("an image of open size | convert the model with a fixed one");
  return b;
}

Status read_space_to_batch(Operation& op) {
  ZKI_ASSIGN_OR_RETURN(const Batches b, read_batches(op));
  const std::size_t rank = b.shape.size();
  const std::size_t spatial = b.block.size();
  Dims pads(2 * rank, 0);
  Dims split{-1}, joined{-1}, perm;
  for (std::size_t i = 0; i < spatial; ++i) {
    pads[1 + i] = b.borders[2 * i];
    pads[rank + 1 + i] = b.borders[2 * i + 1];
    const std::int64_t length = b.shape[1 + i] + b.borders[2 * i] + b.borders[2 * i + 1];
    if (length % b.block[i] != 0) return corrupt("blocks that do not fit the padded input");
    split.push_back(length / b.block[i]);
    split.push_back(b.block[i]);
    joined.push_back(length / b.block[i]);
    perm.push_back(static_cast<std::int64_t>(2 + 2 * i));
  }
  perm.push_back(0);
  for (std::size_t i = 0; i < spatial; ++i) perm.push_back(static_cast<std::int64_t>(1 + 2 * i));
  for (std::size_t axis = spatial + 1; axis < rank; ++axis) {
    perm.push_back(static_cast<std::int64_t>(axis + spatial));
    split.push_back(b.shape[axis]);
    joined.push_back(b.shape[axis]);
  }
  const std::string padded = op.node("Pad", {op.any(0), op.list(pads)});
  const std::string parts = op.node("Reshape", {padded, op.list(split)});
  const std::string turned = op.node("Transpose", {parts}, {{"perm", perm}});
  return moved(op, op.node("Reshape", {turned, op.list(joined)}));
}

Status read_batch_to_space(Operation& op) {
  ZKI_ASSIGN_OR_RETURN(const Batches b, read_batches(op));
  const std::size_t rank = b.shape.size();
  const std::size_t spatial = b.block.size();
  std::int64_t blocks_in_all = 1;
  for (const std::int64_t x : b.block) blocks_in_all *= x;
  if (blocks_in_all > 1 << 24 || (!op.tensor(0).open[0] && b.shape[0] % blocks_in_all != 0))
    return corrupt("blocks that do not fit the batch");
  Dims split(b.block);
  split.push_back(-1);
  Dims joined{-1};
  Dims perm{static_cast<std::int64_t>(spatial)};
  Dims starts, ends, axes;
  for (std::size_t i = 0; i < spatial; ++i) {
    perm.push_back(static_cast<std::int64_t>(spatial + 1 + i));
    perm.push_back(static_cast<std::int64_t>(i));
    const std::int64_t length = b.shape[1 + i] * b.block[i];
    joined.push_back(length);
    starts.push_back(b.borders[2 * i]);
    ends.push_back(length - b.borders[2 * i + 1]);
    axes.push_back(static_cast<std::int64_t>(1 + i));
  }
  for (std::size_t axis = 1; axis < rank; ++axis) split.push_back(b.shape[axis]);
  for (std::size_t axis = spatial + 1; axis < rank; ++axis) {
    perm.push_back(static_cast<std::int64_t>(axis + spatial));
    joined.push_back(b.shape[axis]);
  }
  const std::string parts = op.node("Reshape", {op.any(0), op.list(split)});
  const std::string turned = op.node("Transpose", {parts}, {{"perm", perm}});
  const std::string whole = op.node("Reshape", {turned, op.list(joined)});
  return moved(op, op.node("Slice", {whole, op.list(starts), op.list(ends), op.list(axes)}));
}

// Shapes and lists of the program itself, known before anything runs.
Status read_shape(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(1));
  const std::string shape = op.node("Shape", {op.any(0)});
  const int to = op.g.tensor(op.output()).type == Type::kInt64 ? onnx::TensorProto::INT64 : onnx::TensorProto::INT32;
  op.g.set_raw(op.output(), op.node("Cast", {shape}, {{"to", to}}));
  return op.g.status();
}

Status read_rank(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(1));
  op.g.set_raw(op.output(),
               op.g.builder().scalar(static_cast<std::int64_t>(op.tensor(0).shape.size()), onnx::TensorProto::INT32));
  return op.g.status();
}

Status read_fill(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(2));
  return moved(op, op.node("Expand", {op.any(1), shape_of(op, 0)}), 1);
}

Status read_zeros_like(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(1));
  const bool is_real = op.g.is_real(op.output());
  const std::string zero =
      is_real ? op.number(0)
              : op.g.builder().scalar(0, onnx_type(op.tensor(0).type).value_or(onnx::TensorProto::INT32));
  const std::string shape = op.node("Shape", {op.any(0)});
  op.g.set_any(op.output(), op.node("Expand", {zero, shape}), Layout::kLast, true);
  return op.g.status();
}

Status read_range(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(3));
  return moved(op, op.node("Range", {op.any(0), op.any(1), op.any(2)}));
}

// Inputs: indices, depth, the number on and the number off.
Status read_one_hot(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(4));
  const std::string two = op.list({1});
  const auto scalar = [&](std::size_t i) { return op.node("Reshape", {op.any(i), two}); };
  const std::string values = op.node("Concat", {scalar(3), scalar(2)}, {{"axis", 0}});
  const std::string depth = op.node("Cast", {op.raw(1)}, {{"to", onnx::TensorProto::INT64}});
  return moved(op, op.node("OneHot", {op.raw(0), depth, values}, {{"axis", op.options().number<std::int32_t>(0)}}), 2);
}

constexpr auto kRows = std::to_array<Row>({
    {"RESHAPE", read_reshape},
    {"SQUEEZE", read_squeeze},
    {"EXPAND_DIMS", read_expand_dims},
    {"TRANSPOSE", read_transpose},
    {"CONCATENATION", read_concatenation},
    {"SPLIT", read_split},
    {"SPLIT_V", read_split_v},
    {"SLICE", read_slice},
    {"STRIDED_SLICE", read_strided_slice},
    {"PAD", read_pad},
    {"PADV2", read_pad},
    {"MIRROR_PAD", read_mirror_pad},
    {"PACK", read_pack},
    {"UNPACK", read_unpack},
    {"GATHER", read_gather},
    {"GATHER_ND", read_gather_nd},
    {"EMBEDDING_LOOKUP", read_embedding_lookup},
    {"TILE", read_tile},
    {"BROADCAST_TO", read_broadcast_to},
    {"REVERSE_V2", read_reverse},
    {"DEPTH_TO_SPACE", read_depth_to_space},
    {"SPACE_TO_DEPTH", read_space_to_depth},
    {"SPACE_TO_BATCH_ND", read_space_to_batch},
    {"BATCH_TO_SPACE_ND", read_batch_to_space},
    {"SHAPE", read_shape},
    {"RANK", read_rank},
    {"FILL", read_fill},
    {"ZEROS_LIKE", read_zeros_like},
    {"RANGE", read_range},
    {"ONE_HOT", read_one_hot},
});

}  // namespace

std::span<const Row> movement_rows() { return kRows; }

}  // namespace zkinfer::frontend_tflite
