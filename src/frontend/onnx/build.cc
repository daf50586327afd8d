// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/build.h"

#include <numeric>

namespace zkinfer::frontend_onnx {

using ir::OpKind;
using ir::ValueId;

ValueId Build::op(OpKind kind, std::vector<ValueId> inputs, ir::Attributes attributes) {
  if (!ok()) return ir::kNoValue;
  Result<ValueId> id = context_.add(kind, std::move(inputs), std::move(attributes), next_step());
  if (id.ok()) return *id;
  status_ = id.status();
  return ir::kNoValue;
}

ValueId Build::cast(ValueId x, ir::DataType to) {
  return !ok() || dtype(x) == to ? x : op(OpKind::kCast, {x}, ir::CastAttributes{to});
}

ValueId Build::reshape(ValueId x, Dims dims) {
  Result<Shape> shape = Shape::make(std::move(dims));
  if (!shape.ok()) fail(shape.status());
  return ok() ? op(OpKind::kReshape, {x}, ir::ReshapeAttributes{std::move(*shape)}) : ir::kNoValue;
}

ValueId Build::swap_last(ValueId x) {
  if (!ok()) return x;
  Dims perm;
  for (std::size_t i = 0; i < shape(x).rank(); ++i) perm.push_back(static_cast<std::int64_t>(i));
  if (perm.size() >= 2) std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
  return transpose(x, std::move(perm));
}

Build::Id Build::channels_first(Id x) {
  if (!ok() || shape(x).rank() < 3) return x;
  Dims perm{0, static_cast<std::int64_t>(shape(x).rank()) - 1};
  for (std::int64_t i = 1; i < perm[1]; ++i) perm.push_back(i);
  return transpose(x, std::move(perm));
}

Build::Id Build::channels_last(Id x) {
  if (!ok() || shape(x).rank() < 3) return x;
  Dims perm{0};
  for (std::int64_t i = 2; i < static_cast<std::int64_t>(shape(x).rank()); ++i) perm.push_back(i);
  perm.push_back(1);
  return transpose(x, std::move(perm));
}

ValueId Build::slice(ValueId x, std::size_t axis, std::int64_t start, std::int64_t size, std::int64_t step) {
  if (!ok()) return x;
  const Shape& from = shape(x);
  ir::SliceAttributes slice{Dims(from.rank(), 0), from.dims(), Dims(from.rank(), 1)};
  ZKI_CHECK(axis < from.rank(), "handlers resolve axes");
  slice.starts[axis] = start;
  slice.sizes[axis] = size;
  slice.steps[axis] = step;
  return op(OpKind::kSlice, {x}, std::move(slice));
}

ValueId Build::gather(ValueId data, ValueId indices, std::int64_t axis) {
  ir::GatherAttributes gather;
  gather.axis = axis;
  return op(OpKind::kGather, {data, indices}, gather);
}

ValueId Build::gather(ValueId data, Dims indices, std::int64_t axis) {
  const Shape count{static_cast<std::int64_t>(indices.size())};
  return gather(data, integers(count, std::move(indices)), axis);
}

ValueId Build::range(std::int64_t count) {
  Dims numbers;
  for (std::int64_t i = 0; i < count; ++i) numbers.push_back(i);
  return integers(Shape{count}, std::move(numbers));
}

ValueId Build::parameter(FloatTensor tensor) {
  return ok() ? context_.add_constant(std::move(tensor), ir::DataType::kFloat, next_step()) : ir::kNoValue;
}

ValueId Build::derived(AnyTensor tensor, ir::DataType dtype, const std::vector<Id>& from) {
  if (!ok()) return ir::kNoValue;
  const ValueId id = context_.add_constant(std::move(tensor), dtype, next_step());
  bool literal = true;
  for (const Id source : from) literal &= source == ir::kNoValue || context_.graph().value(source).literal;
  context_.graph().value(id).literal = literal;
  return id;
}

ValueId Build::number(double x, ir::DataType dtype) {
  if (dtype == ir::DataType::kFloat) return literal(FloatTensor(Shape{}, {static_cast<float>(x)}), dtype);
  return literal(IntTensor(Shape{}, {static_cast<std::int64_t>(x)}), dtype);
}

ValueId Build::literal(AnyTensor tensor, ir::DataType dtype) {
  return ok() ? context_.add_literal(std::move(tensor), dtype, next_step()) : ir::kNoValue;
}

ValueId Build::counted(Shape shape, std::int64_t first) {
  IntTensor numbers(std::move(shape));
  std::iota(numbers.data().begin(), numbers.data().end(), first);
  return literal(std::move(numbers), ir::DataType::kInt64);
}

const Shape& Build::shape(ValueId x) const {
  static const Shape scalar;
  return x == ir::kNoValue ? scalar : context_.graph().value(x).shape;
}

ir::DataType Build::dtype(ValueId x) const {
  return x == ir::kNoValue ? ir::DataType::kFloat : context_.graph().value(x).dtype;
}

const ir::Value* Build::constant(ValueId x) const {
  return x != ir::kNoValue && context_.graph().value(x).is_constant() ? &context_.graph().value(x) : nullptr;
}

Result<Outputs> Build::outputs(const std::vector<ValueId>& ids) {
  Outputs outputs;
  for (std::size_t i = 0; i < ids.size() && ok(); ++i) {
    const auto index = static_cast<int>(i);
    const bool wanted = index < context_.proto().output_size() && !context_.proto().output(index).empty();
    if (ids[i] == ir::kNoValue || !wanted) {
      outputs.push_back(ir::kNoValue);
      continue;
    }
    Result<ValueId> id = context_.add_output(i, OpKind::kIdentity, {ids[i]}, {});
    if (!id.ok()) return id.status();
    outputs.push_back(*id);
  }
  if (!ok()) return status_;
  return outputs;
}

}  // namespace zkinfer::frontend_onnx
