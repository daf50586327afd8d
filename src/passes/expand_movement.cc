// SPDX-License-Identifier: Apache-2.0
#include "passes/expand.h"

#include <algorithm>
#include <optional>

#include "tensor/odometer.h"

namespace zkinfer::passes {

namespace {

using ir::kNoValue;
using ir::Node;
using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

// Beyond so many pieces a Gather of constant indices stays one operator.
constexpr size_t kMostPieces = 64;

struct Progression {
  int64_t start, count, step;
};

// The longest progressions from the left. Two indices make one only where a third follows or nothing is left, so that
// {0, 5, 6, 7} is {0} and {5, 6, 7}.
std::vector<Progression> progressions(const Dims& indices) {
  std::vector<Progression> pieces;
  for (size_t i = 0; i < indices.size();) {
    size_t end = i + 1;
    const int64_t step = end < indices.size() ? indices[end] - indices[i] : 1;
    while (end < indices.size() && indices[end] - indices[end - 1] == step) ++end;
    if (end - i == 2 && end < indices.size()) end = i + 1;
    pieces.push_back({indices[i], static_cast<int64_t>(end - i), end - i < 2 ? 1 : step});
    i = end;
  }
  return pieces;
}

Result<Dims> constant_indices(const Rewriter& rewriter, const Node& node, int64_t length) {
  Dims indices;
  for (const int64_t i : rewriter.from().input_of(node, 1).ints()->data()) {
    indices.push_back(i < 0 ? i + length : i);
    if (indices.back() < 0 || indices.back() >= length)
      return out_of_range("node '" + node.name + "': index " + std::to_string(i) + " on an axis of length " +
                          std::to_string(length));
  }
  return indices;
}

// Every element `copies` times in a row (a nearest Resize).
Result<ValueId> stretch(Rewriter& rewriter, const Node& node, size_t axis, int64_t copies) {
  const Shape& x = rewriter.from().input_of(node, 0).shape;
  Dims single = x.dims();
  single.insert(single.begin() + static_cast<std::ptrdiff_t>(axis) + 1, 1);
  ir::SliceAttributes repeat{Dims(single.size(), 0), single, Dims(single.size(), 1)};
  repeat.sizes[axis + 1] = copies;
  repeat.steps[axis + 1] = 0;
  ZKI_ASSIGN_OR_RETURN(const ValueId part, rewriter.emit(OpKind::kReshape, node, {rewriter.mapped(node.inputs[0])},
                                                         ir::ReshapeAttributes{Shape(std::move(single))}, "single"));
  ZKI_ASSIGN_OR_RETURN(const ValueId copied, rewriter.emit(OpKind::kSlice, node, {part}, std::move(repeat), "copies"));
  return rewriter.emit(OpKind::kReshape, node, {copied}, ir::ReshapeAttributes{rewriter.from().output_of(node).shape});
}

// The pieces along an axis of a new value, joined to the node's output.
Result<ValueId> slices(Rewriter& rewriter, const Node& node, ValueId data, size_t axis,
                       const std::vector<Progression>& pieces) {
  const Shape x = rewriter.to().value(data).shape;
  std::vector<ValueId> parts;
  for (const Progression& piece : pieces) {
    ir::SliceAttributes slice{Dims(x.rank(), 0), x.dims(), Dims(x.rank(), 1)};
    slice.starts[axis] = piece.start;
    slice.sizes[axis] = piece.count;
    slice.steps[axis] = piece.step;
    ZKI_ASSIGN_OR_RETURN(const ValueId part, rewriter.emit(OpKind::kSlice, node, {data}, std::move(slice),
                                                           "slice" + std::to_string(parts.size())));
    parts.push_back(part);
  }
  ValueId picked = parts.front();
  if (parts.size() > 1) {
    ZKI_ASSIGN_OR_RETURN(picked, rewriter.emit(OpKind::kConcat, node, std::move(parts),
                                               ir::ConcatAttributes{static_cast<int64_t>(axis)}, "joined"));
  }
  return rewriter.emit(OpKind::kReshape, node, {picked}, ir::ReshapeAttributes{rewriter.from().output_of(node).shape});
}

// A Gather of single elements along an axis: a list of positions in the flat data.
Result<ValueId> pick_elements(Rewriter& rewriter, const Node& node, const Dims& indices) {
  const Shape& x = rewriter.from().input_of(node, 0).shape;
  const Shape& shape = rewriter.from().output_of(node).shape;
  const auto axis = static_cast<size_t>(node.as<ir::GatherAttributes>().axis);
  Dims strides = row_major_strides(x);
  const int64_t stride = strides[axis];
  strides[axis] = 0;
  Odometer odometer(shape, {std::move(strides)});
  Dims flat;
  for (const int64_t i : indices) {
    flat.push_back(odometer.offset(0) + i * stride);
    odometer.next();
  }
  ZKI_ASSIGN_OR_RETURN(const ValueId list, rewriter.emit(OpKind::kReshape, node, {rewriter.mapped(node.inputs[0])},
                                                         ir::ReshapeAttributes{Shape{x.num_elements()}}, "flat"));
  const std::vector<Progression> pieces = progressions(flat);
  if (pieces.size() <= kMostPieces) return slices(rewriter, node, list, 0, pieces);
  const ValueId positions = rewriter.to().add_constant(
      node.name + "#positions", AnyTensor(IntTensor(shape, std::move(flat))), ir::DataType::kInt64);
  rewriter.to().value(positions).literal = rewriter.from().input_of(node, 1).literal;
  return rewriter.emit(OpKind::kGather, node, {list, positions}, ir::GatherAttributes{0});
}

bool stretches(const Dims& indices, int64_t length) {
  const auto count = static_cast<int64_t>(indices.size());
  if (length == 0 || count <= length || count % length != 0) return false;
  for (int64_t i = 0; i < count; ++i)
    if (indices[static_cast<size_t>(i)] != i / (count / length)) return false;
  return true;
}

}  // namespace

Result<ValueId> expand_gather(Rewriter& rewriter, const Node& node) {
  const auto& [gather_axis, along_axis] = node.as<ir::GatherAttributes>();
  const auto axis = static_cast<size_t>(gather_axis);
  const Shape& x = rewriter.from().input_of(node, 0).shape;
  if (rewriter.from().input_of(node, 1).ints() == nullptr) return kNoValue;
  ZKI_ASSIGN_OR_RETURN(const Dims indices, constant_indices(rewriter, node, x[axis]));
  if (indices.empty()) return kNoValue;
  if (along_axis) return pick_elements(rewriter, node, indices);
  if (stretches(indices, x[axis]) && x.rank() < kMaxRank)
    return stretch(rewriter, node, axis, static_cast<int64_t>(indices.size()) / x[axis]);
  const std::vector<Progression> pieces = progressions(indices);
  if (pieces.size() > kMostPieces) return kNoValue;
  return slices(rewriter, node, rewriter.mapped(node.inputs[0]), axis, pieces);
}

Result<ValueId> expand_repetition(Rewriter& rewriter, const Node& node) {
  const Shape& shape = rewriter.from().output_of(node).shape;
  Dims own = rewriter.from().input_of(node, 0).shape.dims();
  own.insert(own.begin(), shape.rank() - own.size(), 1);
  // [r d] is read as [r, d], with r repeated.
  Dims split;
  Dims repeated;
  for (size_t axis = 0; axis < own.size(); ++axis) {
    if (shape[axis] != own[axis] && own[axis] != 1) {
      split.push_back(1);
      repeated.push_back(shape[axis] / own[axis]);
    }
    split.push_back(own[axis]);
    repeated.push_back(own[axis] == 1 ? shape[axis] : own[axis]);
  }
  if (split.size() > kMaxRank)
    return resource_limit("node '" + node.name + "': a repetition along so many axes of " + shape.to_string());
  ir::SliceAttributes repeat{Dims(split.size(), 0), repeated, Dims(split.size(), 1)};
  for (size_t axis = 0; axis < split.size(); ++axis)
    if (repeated[axis] != split[axis]) repeat.steps[axis] = 0;
  ZKI_ASSIGN_OR_RETURN(const ValueId x, rewriter.emit(OpKind::kReshape, node, {rewriter.mapped(node.inputs[0])},
                                                      ir::ReshapeAttributes{Shape(std::move(split))}, "x"));
  ZKI_ASSIGN_OR_RETURN(const ValueId copies, rewriter.emit(OpKind::kSlice, node, {x}, std::move(repeat), "copies"));
  return rewriter.emit(OpKind::kReshape, node, {copies}, ir::ReshapeAttributes{shape});
}

namespace {

// Nothing that a network computes is lower.
constexpr float kLowest = -1e30F;

// The pool with the pads of a Pad before it; nullopt where a window would then lie in the padding only.
std::optional<ir::PoolAttributes> padded_pool(const ir::PadAttributes& pad, const ir::PoolAttributes& pool,
                                              const Shape& x) {
  ir::PoolAttributes out = pool;
  if (pad.begin[0] != 0 || pad.begin[1] != 0 || pad.end[0] != 0 || pad.end[1] != 0) return std::nullopt;
  for (size_t i = 0; i < pool.kernel.size(); ++i) {
    out.pads_begin[i] += pad.begin[i + 2];
    out.pads_end[i] += pad.end[i + 2];
    const int64_t reach = pool.dilations[i] * (pool.kernel[i] - 1);
    const int64_t length = (x[i + 2] + out.pads_begin[i] + out.pads_end[i] - reach - 1) / pool.strides[i] + 1;
    if (out.pads_begin[i] > reach || (length - 1) * pool.strides[i] - out.pads_begin[i] >= x[i + 2])
      return std::nullopt;
  }
  return out;
}

}  // namespace

Result<ValueId> expand_pad(Rewriter& rewriter, const Node& node) {
  const auto& pad = node.as<ir::PadAttributes>();
  if (pad.value == 0) return kNoValue;
  if (pad.value <= kLowest) return kNoValue;  // left to the MaxPool after it
  ValueId x = rewriter.mapped(node.inputs[0]);
  for (size_t axis = 0; axis < pad.begin.size(); ++axis) {
    if (pad.begin[axis] == 0 && pad.end[axis] == 0) continue;
    const std::string step = "axis" + std::to_string(axis);
    const auto border = [&](int64_t length, std::string_view side) -> Result<ValueId> {
      Dims dims = rewriter.to().value(x).shape.dims();
      dims[axis] = length;
      ZKI_ASSIGN_OR_RETURN(const Shape shape, Shape::make(std::move(dims)));
      FloatTensor numbers(shape, std::vector<float>(static_cast<size_t>(shape.num_elements()), pad.value));
      const ValueId id = rewriter.constant(node, std::move(numbers), step + std::string(side));
      rewriter.to().value(id).literal = true;
      return id;
    };
    std::vector<ValueId> parts{x};
    if (pad.begin[axis] > 0) {
      ZKI_ASSIGN_OR_RETURN(const ValueId before, border(pad.begin[axis], "_before"));
      parts.insert(parts.begin(), before);
    }
    if (pad.end[axis] > 0) {
      ZKI_ASSIGN_OR_RETURN(const ValueId after, border(pad.end[axis], "_after"));
      parts.push_back(after);
    }
    ZKI_ASSIGN_OR_RETURN(x, rewriter.emit(OpKind::kConcat, node, std::move(parts),
                                          ir::ConcatAttributes{static_cast<int64_t>(axis)}, step));
  }
  return rewriter.emit(OpKind::kReshape, node, {x}, ir::ReshapeAttributes{rewriter.from().output_of(node).shape});
}

Result<ValueId> expand_max_pool(Rewriter& rewriter, const Node& node) {
  const Node* before = rewriter.maker(node.inputs[0]);
  if (before == nullptr || before->op != OpKind::kPad) return kNoValue;
  const auto& pad = before->as<ir::PadAttributes>();
  if (pad.value > kLowest) return kNoValue;
  const std::optional<ir::PoolAttributes> pool =
      padded_pool(pad, node.as<ir::PoolAttributes>(), rewriter.from().input_of(*before, 0).shape);
  if (!pool) return kNoValue;
  return rewriter.emit(OpKind::kMaxPool, node, {rewriter.mapped(before->inputs[0])}, *pool);
}

}  // namespace zkinfer::passes
