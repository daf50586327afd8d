// SPDX-License-Identifier: Apache-2.0
// How a handler writes an operator with several IR nodes: every call appends one node and names it itself, and after the first
// error all calls do nothing, so that only `outputs` has to be looked at. What depends on constants only is evaluated at once.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "frontend/onnx/handlers.h"
#include "ir/functions.h"

namespace zkinfer::frontend_onnx {

class Build {
 public:
  using Id = ir::ValueId;
  explicit Build(NodeContext& context) : context_(context) {}

  Id op(ir::OpKind kind, std::vector<Id> inputs, ir::Attributes attributes = {});
  Id add(Id a, Id b) { return op(ir::OpKind::kAdd, {a, b}); }
  Id sub(Id a, Id b) { return op(ir::OpKind::kSub, {a, b}); }
  Id mul(Id a, Id b) { return op(ir::OpKind::kMul, {a, b}); }
  Id div(Id a, Id b) { return op(ir::OpKind::kDiv, {a, b}); }
  Id max(Id a, Id b) { return op(ir::OpKind::kMax, {a, b}); }
  Id min(Id a, Id b) { return op(ir::OpKind::kMin, {a, b}); }
  Id matmul(Id a, Id b) { return op(ir::OpKind::kMatMul, {a, b}); }
  Id where(Id condition, Id a, Id b) { return op(ir::OpKind::kWhere, {condition, a, b}); }
  Id negate(Id x) { return op(ir::OpKind::kNeg, {x}); }
  Id abs(Id x) { return op(ir::OpKind::kAbs, {x}); }
  Id less(Id a, Id b) { return op(ir::OpKind::kLess, {a, b}); }
  Id equal(Id a, Id b) { return op(ir::OpKind::kEqual, {a, b}); }
  Id square(Id x) { return mul(x, x); }
  Id function(ir::FunctionId id, Id x, float a = 0, float b = 0) {
    return op(ir::OpKind::kFunction, {x}, ir::FunctionAttributes{id, a, b});
  }
  Id clip(Id x, float lo, float hi) { return op(ir::OpKind::kClip, {x}, ir::ClipAttributes{lo, hi}); }
  Id cast(Id x, ir::DataType to);  // nothing when x has that type
  // Axes are counted from 0.
  Id reduce(ir::OpKind kind, Id x, Dims axes, bool keepdims = true) {
    return op(kind, {x}, ir::ReduceAttributes{std::move(axes), keepdims});
  }
  Id reshape(Id x, Dims dims);
  Id transpose(Id x, Dims perm) { return op(ir::OpKind::kTranspose, {x}, ir::TransposeAttributes{std::move(perm)}); }
  Id swap_last(Id x);       // the last two axes
  Id channels_first(Id x);  // the last axis behind the first
  Id channels_last(Id x);   // and back
  Id slice(Id x, std::size_t axis, std::int64_t start, std::int64_t size, std::int64_t step = 1);
  Id concat(std::vector<Id> parts, std::int64_t axis) {
    return op(ir::OpKind::kConcat, std::move(parts), ir::ConcatAttributes{axis});
  }
  Id gather(Id data, Id indices, std::int64_t axis);
  // Indices of the program itself.
  Id gather(Id data, Dims indices, std::int64_t axis);
  // An index per element along the axis (GatherElements).
  Id pick(Id data, Id indices, std::int64_t axis) {
    return op(ir::OpKind::kGather, {data, indices}, ir::GatherAttributes{axis, true});
  }
  Id expand(Id x, Shape shape) { return op(ir::OpKind::kExpand, {x}, ir::ExpandAttributes{std::move(shape)}); }

  // Constants of the program text.
  Id number(double x, ir::DataType dtype = ir::DataType::kFloat);
  Id number_like(Id like, double x) { return number(x, dtype(like)); }
  Id literal(AnyTensor tensor, ir::DataType dtype);
  // first, first + 1, .. in row-major order.
  Id counted(Shape shape, std::int64_t first = 0);
  Id integers(Shape shape, Dims numbers) {
    return literal(IntTensor(std::move(shape), std::move(numbers)), ir::DataType::kInt64);
  }
  // Numbers that may be trained.
  Id parameter(FloatTensor tensor);
  // 0, 1, .. count - 1.
  Id range(std::int64_t count);
  // A constant that was computed from others: one of the program text only if they are.
  Id derived(AnyTensor tensor, ir::DataType dtype, const std::vector<Id>& from);

  // Names of nodes begin with this from now on, for operators of many steps.
  void at(std::string step) { at_ = std::move(step); }

  bool ok() const { return status_.ok(); }
  const Status& status() const { return status_; }
  void fail(Status status) {
    if (status_.ok()) status_ = std::move(status);
  }
  const Shape& shape(Id x) const;  // a scalar's after an error
  ir::DataType dtype(Id x) const;
  const ir::Value* constant(Id x) const;  // null unless x is one

  // The node's outputs in order; kNoValue for one that is not offered.
  Result<Outputs> outputs(const std::vector<Id>& ids);
  Result<Outputs> output(Id id) { return outputs({id}); }

 private:
  std::string next_step() { return (at_.empty() ? at_ : at_ + "_") + std::to_string(++steps_); }

  NodeContext& context_;
  Status status_ = ok_status();
  std::string at_;
  int steps_ = 0;
};

}  // namespace zkinfer::frontend_onnx
