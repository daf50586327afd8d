// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "ir/ops/families.h"

namespace zkinfer::ir {

namespace {

Result<Shape> reduced_shape(const Shape& x, const Dims& axes, bool keepdims) {
  std::vector<bool> reduced(x.rank(), false);
  std::int64_t previous = -1;
  for (const std::int64_t axis : axes) {
    if (axis <= previous || axis >= static_cast<std::int64_t>(x.rank()))
      return invalid_argument("axes " + dims_to_string(axes) + " of an input of shape " + x.to_string());
    previous = axis;
    reduced[static_cast<std::size_t>(axis)] = true;
  }
  Dims dims;
  for (std::size_t axis = 0; axis < x.rank(); ++axis) {
    if (!reduced[axis])
      dims.push_back(x[axis]);
    else if (keepdims)
      dims.push_back(1);
    if (reduced[axis] && x[axis] == 0) return invalid_argument("reduction over an empty axis");
  }
  return Shape::make(std::move(dims));
}

Result<TypeAndShape> infer_reduce(const InferenceInputs& inputs, const Attributes& attributes) {
  const auto& reduce = attributes_as<ReduceAttributes>(attributes);
  if (inputs.dtype(0) == DataType::kBool) return invalid_argument("reduction of booleans");
  ZKI_ASSIGN_OR_RETURN(Shape shape, reduced_shape(inputs.shape(0), reduce.axes, reduce.keepdims));
  return TypeAndShape{inputs.dtype(0), std::move(shape)};
}

Result<TypeAndShape> infer_arg_max(const InferenceInputs& inputs, const Attributes& attributes) {
  const auto& arg_max = attributes_as<ArgMaxAttributes>(attributes);
  if (inputs.dtype(0) == DataType::kBool) return invalid_argument("maximum of booleans");
  ZKI_ASSIGN_OR_RETURN(Shape shape, reduced_shape(inputs.shape(0), {arg_max.axis}, arg_max.keepdims));
  return TypeAndShape{DataType::kInt64, std::move(shape)};
}

Result<TypeAndShape> infer_softmax(const InferenceInputs& inputs, const Attributes& attributes) {
  if (inputs.dtype(0) != DataType::kFloat) return invalid_argument("input 0 is not a float tensor");
  if (inputs.has(1)) {
    if (inputs.dtype(1) != DataType::kBool) return invalid_argument("the mask is not boolean");
    ZKI_ASSIGN_OR_RETURN(const Shape both, broadcast_shapes(inputs.shape(0), inputs.shape(1)));
    if (both != inputs.shape(0))
      return invalid_argument("a mask of shape " + inputs.shape(1).to_string() + " for an input of shape " +
                              inputs.shape(0).to_string());
  }
  const std::int64_t axis = attributes_as<SoftmaxAttributes>(attributes).axis;
  const Shape& x = inputs.shape(0);
  if (axis < 0 || axis >= static_cast<std::int64_t>(x.rank()) || x[static_cast<std::size_t>(axis)] == 0)
    return invalid_argument("axis " + std::to_string(axis) + " of an input of shape " + x.to_string());
  return TypeAndShape{DataType::kFloat, x};
}

Result<TypeAndShape> infer_sort(const InferenceInputs& inputs, const Attributes& attributes) {
  const std::int64_t axis = attributes_as<SortAttributes>(attributes).axis;
  const Shape& x = inputs.shape(0);
  if (axis < 0 || axis >= static_cast<std::int64_t>(x.rank()))
    return invalid_argument("axis " + std::to_string(axis) + " of an input of shape " + x.to_string());
  return TypeAndShape{DataType::kInt64, x};
}

constexpr std::size_t kReduce = attribute_index<ReduceAttributes>();

constexpr auto kOps = std::to_array<OpSchema>({
    {OpKind::kReduceMean, "ReduceMean", OpLevel::kCore, 1, 1, kReduce, infer_reduce, "mean over axes"},
    {OpKind::kReduceSum, "ReduceSum", OpLevel::kCore, 1, 1, kReduce, infer_reduce, "sum over axes"},
    {OpKind::kReduceMax, "ReduceMax", OpLevel::kCore, 1, 1, kReduce, infer_reduce, "maximum over axes"},
    {OpKind::kReduceMin, "ReduceMin", OpLevel::kRewritten, 1, 1, kReduce, infer_reduce, "minimum over axes"},
    {OpKind::kReduceProd, "ReduceProd", OpLevel::kRewritten, 1, 1, kReduce, infer_reduce, "product over axes"},
    {OpKind::kArgMax, "ArgMax", OpLevel::kCore, 1, 1, attribute_index<ArgMaxAttributes>(), infer_arg_max,
     "index of the first maximum along an axis"},
    {OpKind::kSoftmax, "Softmax", OpLevel::kCore, 1, 2, attribute_index<SoftmaxAttributes>(), infer_softmax,
     "exp(x) / sum(exp(x)) along an axis"},
    {OpKind::kSort, "Sort", OpLevel::kCore, 1, 1, attribute_index<SortAttributes>(), infer_sort,
     "the stable permutation that sorts along an axis"},
});
static_assert(rows_of_family(kOps, OpFamily::kReduce), "a row for every operator of the family (ir/family.h)");

}  // namespace

std::span<const OpSchema> reduce_ops() { return kOps; }

}  // namespace zkinfer::ir
