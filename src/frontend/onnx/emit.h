// SPDX-License-Identifier: Apache-2.0
// Short forms of what many handlers append. An empty step makes output 0 (NodeContext::add).
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "frontend/onnx/handlers.h"
#include "ir/functions.h"

namespace zkinfer::frontend_onnx {

inline Result<ir::ValueId> reshape(NodeContext& context, ir::ValueId x, Dims dims, std::string_view step) {
  ZKI_ASSIGN_OR_RETURN(Shape shape, Shape::make(std::move(dims)));
  return context.add(ir::OpKind::kReshape, {x}, ir::ReshapeAttributes{std::move(shape)}, step);
}

inline Result<ir::ValueId> transpose(NodeContext& context, ir::ValueId x, Dims perm, std::string_view step) {
  return context.add(ir::OpKind::kTranspose, {x}, ir::TransposeAttributes{std::move(perm)}, step);
}

// The whole of a tensor, to be narrowed.
inline ir::SliceAttributes whole(const Shape& x) { return {Dims(x.rank(), 0), x.dims(), Dims(x.rank(), 1)}; }

// Positions start .. start + size - 1 of one axis.
inline Result<ir::ValueId> slice(NodeContext& context, ir::ValueId x, std::size_t axis, std::int64_t start,
                                 std::int64_t size, std::string_view step) {
  ir::SliceAttributes attributes = whole(context.shape_of(x));
  attributes.starts[axis] = start;
  attributes.sizes[axis] = size;
  return context.add(ir::OpKind::kSlice, {x}, std::move(attributes), step);
}

inline Result<ir::ValueId> concat(NodeContext& context, std::vector<ir::ValueId> parts, std::int64_t axis,
                                  std::string_view step) {
  return context.add(ir::OpKind::kConcat, std::move(parts), ir::ConcatAttributes{axis}, step);
}

inline ir::ValueId literal_number(NodeContext& context, float x, std::string_view step) {
  return context.add_literal(FloatTensor(Shape{}, {x}), ir::DataType::kFloat, step);
}

inline ir::ValueId literal_indices(NodeContext& context, Shape shape, Dims indices, std::string_view step) {
  return context.add_literal(IntTensor(std::move(shape), std::move(indices)), ir::DataType::kInt64, step);
}

// One of the functions of ir/functions.h: apply(context, ir::function("Exp"), x, "kernel").
inline Result<ir::ValueId> apply(NodeContext& context, ir::FunctionId function, ir::ValueId x, std::string_view step) {
  return context.add(ir::OpKind::kFunction, {x}, ir::FunctionAttributes{function}, step);
}

// Indices of the program itself along an axis.
inline Result<ir::ValueId> gather(NodeContext& context, ir::ValueId x, std::int64_t axis, Dims indices,
                                  std::string_view step) {
  const Shape count{static_cast<std::int64_t>(indices.size())};
  const ir::ValueId list = literal_indices(context, count, std::move(indices), std::string(step) + "_indices");
  return context.add(ir::OpKind::kGather, {x, list}, ir::GatherAttributes{axis}, step);
}

}  // namespace zkinfer::frontend_onnx
