// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "ir/ops/families.h"

namespace zkinfer::ir {

namespace {

Result<TypeAndShape> infer_reshape(const InferenceInputs& inputs, const Attributes& attributes) {
  const Shape& shape = attributes_as<ReshapeAttributes>(attributes).shape;
  if (shape.num_elements() != inputs.shape(0).num_elements())
    return invalid_argument("an input of shape " + inputs.shape(0).to_string() + " cannot become " + shape.to_string());
  return TypeAndShape{inputs.dtype(0), shape};
}

Result<TypeAndShape> infer_transpose(const InferenceInputs& inputs, const Attributes& attributes) {
  const Dims& perm = attributes_as<TransposeAttributes>(attributes).perm;
  const Shape& x = inputs.shape(0);
  std::vector<bool> seen(x.rank(), false);
  Dims dims;
  for (const std::int64_t axis : perm) {
    if (axis < 0 || axis >= static_cast<std::int64_t>(x.rank()) || seen[static_cast<std::size_t>(axis)])
      return invalid_argument("perm " + dims_to_string(perm) + " is no permutation of the axes of " + x.to_string());
    seen[static_cast<std::size_t>(axis)] = true;
    dims.push_back(x[static_cast<std::size_t>(axis)]);
  }
  if (dims.size() != x.rank())
    return invalid_argument("perm " + dims_to_string(perm) + " for an input of shape " + x.to_string());
  return TypeAndShape{inputs.dtype(0), Shape(std::move(dims))};
}

Result<TypeAndShape> infer_slice(const InferenceInputs& inputs, const Attributes& attributes) {
  const auto& slice = attributes_as<SliceAttributes>(attributes);
  const Shape& x = inputs.shape(0);
  if (slice.starts.size() != x.rank() || slice.sizes.size() != x.rank() || slice.steps.size() != x.rank())
    return invalid_argument("one start, size and step per axis of " + x.to_string() + " is needed");
  for (std::size_t i = 0; i < x.rank(); ++i) {
    const std::int64_t start = slice.starts[i];
    const std::int64_t size = slice.sizes[i];
    const std::int64_t step = slice.steps[i];
    // Products stay below 2^62.
    const bool bounded = start >= 0 && start <= x[i] && size >= 0 && size <= kMaxElements && step >= -kMaxElements &&
                         step <= kMaxElements;
    const std::int64_t last = bounded ? start + (size - 1) * step : -1;
    const bool fits = bounded && (size == 0 || (start < x[i] && last >= 0 && last < x[i]));
    if (!fits)
      return invalid_argument("start " + std::to_string(start) + ", size " + std::to_string(size) + ", step " +
                              std::to_string(step) + " on axis " + std::to_string(i) + " of " + x.to_string());
  }
  ZKI_ASSIGN_OR_RETURN(Shape shape, Shape::make(slice.sizes));
  return TypeAndShape{inputs.dtype(0), std::move(shape)};
}

Result<TypeAndShape> infer_pad(const InferenceInputs& inputs, const Attributes& attributes) {
  const auto& pad = attributes_as<PadAttributes>(attributes);
  const Shape& x = inputs.shape(0);
  if (pad.begin.size() != x.rank() || pad.end.size() != x.rank())
    return invalid_argument("one pad before and after each axis of " + x.to_string() + " is needed");
  Dims dims;
  for (std::size_t i = 0; i < x.rank(); ++i) {
    if (pad.begin[i] < 0 || pad.end[i] < 0 || pad.begin[i] > kMaxElements || pad.end[i] > kMaxElements)
      return invalid_argument("pads " + dims_to_string(pad.begin) + " and " + dims_to_string(pad.end));
    dims.push_back(x[i] + pad.begin[i] + pad.end[i]);
  }
  ZKI_ASSIGN_OR_RETURN(Shape shape, Shape::make(std::move(dims)));
  return TypeAndShape{inputs.dtype(0), std::move(shape)};
}

Result<TypeAndShape> infer_concat(const InferenceInputs& inputs, const Attributes& attributes) {
  const std::int64_t axis = attributes_as<ConcatAttributes>(attributes).axis;
  const Shape& first = inputs.shape(0);
  if (axis < 0 || axis >= static_cast<std::int64_t>(first.rank()))
    return invalid_argument("axis " + std::to_string(axis) + " of inputs of shape " + first.to_string());
  Dims dims = first.dims();
  for (std::size_t i = 1; i < inputs.values.size(); ++i) {
    if (!inputs.has(i)) return invalid_argument("input " + std::to_string(i) + " is missing");
    const Shape& next = inputs.shape(i);
    if (inputs.dtype(i) != inputs.dtype(0)) return invalid_argument("inputs of different types");
    bool fits = next.rank() == first.rank();
    for (std::size_t d = 0; fits && d < first.rank(); ++d)
      fits = static_cast<std::int64_t>(d) == axis || next[d] == first[d];
    if (!fits)
      return invalid_argument("inputs of shapes " + first.to_string() + " and " + next.to_string() + " along axis " +
                              std::to_string(axis));
    dims[static_cast<std::size_t>(axis)] += next[static_cast<std::size_t>(axis)];
  }
  ZKI_ASSIGN_OR_RETURN(Shape shape, Shape::make(std::move(dims)));
  return TypeAndShape{inputs.dtype(0), std::move(shape)};
}

Result<TypeAndShape> infer_gather(const InferenceInputs& inputs, const Attributes& attributes) {
  const auto& [axis, along_axis] = attributes_as<GatherAttributes>(attributes);
  const Shape& data = inputs.shape(0);
  if (inputs.dtype(1) != DataType::kInt64) return invalid_argument("indices are not integers");
  if (axis < 0 || axis >= static_cast<std::int64_t>(data.rank()))
    return invalid_argument("axis " + std::to_string(axis) + " of data of shape " + data.to_string());
  if (along_axis) {
    const Shape& indices = inputs.shape(1);
    bool fits = indices.rank() == data.rank();
    for (std::size_t i = 0; fits && i < data.rank(); ++i)
      fits = static_cast<std::int64_t>(i) == axis || indices[i] <= data[i];
    if (!fits)
      return invalid_argument("indices of shape " + indices.to_string() + " along axis " + std::to_string(axis) +
                              " of data of shape " + data.to_string());
    return TypeAndShape{inputs.dtype(0), indices};
  }
  Dims dims(data.dims().begin(), data.dims().begin() + axis);
  dims.insert(dims.end(), inputs.shape(1).dims().begin(), inputs.shape(1).dims().end());
  dims.insert(dims.end(), data.dims().begin() + axis + 1, data.dims().end());
  ZKI_ASSIGN_OR_RETURN(Shape shape, Shape::make(std::move(dims)));
  return TypeAndShape{inputs.dtype(0), std::move(shape)};
}

Result<TypeAndShape> infer_expand(const InferenceInputs& inputs, const Attributes& attributes) {
  const Shape& shape = attributes_as<ExpandAttributes>(attributes).shape;
  ZKI_ASSIGN_OR_RETURN(const Shape broadcast, broadcast_shapes(inputs.shape(0), shape));
  if (broadcast != shape)
    return invalid_argument("an input of shape " + inputs.shape(0).to_string() + " does not expand to " +
                            shape.to_string());
  return TypeAndShape{inputs.dtype(0), shape};
}

Result<TypeAndShape> infer_tile(const InferenceInputs& inputs, const Attributes& attributes) {
  const Dims& repeats = attributes_as<TileAttributes>(attributes).repeats;
  const Shape& x = inputs.shape(0);
  if (repeats.size() != x.rank())
    return invalid_argument("one repeat count per axis of " + x.to_string() + " is needed");
  Dims dims;
  for (std::size_t i = 0; i < x.rank(); ++i) {
    if (repeats[i] < 0 || repeats[i] > kMaxElements) return invalid_argument("repeats " + dims_to_string(repeats));
    dims.push_back(x[i] * repeats[i]);  // both at most 2^31
  }
  ZKI_ASSIGN_OR_RETURN(Shape shape, Shape::make(std::move(dims)));
  return TypeAndShape{inputs.dtype(0), std::move(shape)};
}

constexpr auto kOps = std::to_array<OpSchema>({
    {OpKind::kReshape, "Reshape", OpLevel::kCore, 1, 1, attribute_index<ReshapeAttributes>(), infer_reshape,
     "the same elements under another shape (also Flatten, Squeeze, Unsqueeze)"},
    {OpKind::kTranspose, "Transpose", OpLevel::kCore, 1, 1, attribute_index<TransposeAttributes>(), infer_transpose,
     "permutes axes"},
    {OpKind::kSlice, "Slice", OpLevel::kCore, 1, 1, attribute_index<SliceAttributes>(), infer_slice,
     "a strided box of the input, forwards, backwards or repeating (also Split)"},
    {OpKind::kPad, "Pad", OpLevel::kCore, 1, 1, attribute_index<PadAttributes>(), infer_pad,
     "surrounds the input with a constant"},
    {OpKind::kConcat, "Concat", OpLevel::kCore, 1, 4096, attribute_index<ConcatAttributes>(), infer_concat,
     "joins inputs along an axis"},
    {OpKind::kGather, "Gather", OpLevel::kCore, 2, 2, attribute_index<GatherAttributes>(), infer_gather,
     "picks indices along an axis"},
    {OpKind::kExpand, "Expand", OpLevel::kRewritten, 1, 1, attribute_index<ExpandAttributes>(), infer_expand,
     "broadcasts to a shape"},
    {OpKind::kTile, "Tile", OpLevel::kRewritten, 1, 1, attribute_index<TileAttributes>(), infer_tile,
     "repeats the input along axes"},
});
static_assert(rows_of_family(kOps, OpFamily::kMovement), "a row for every operator of the family (ir/family.h)");

}  // namespace

std::span<const OpSchema> movement_ops() { return kOps; }

}  // namespace zkinfer::ir
