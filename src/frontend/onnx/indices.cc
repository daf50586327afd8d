// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/indices.h"

#include "frontend/onnx/emit.h"

namespace zkinfer::frontend_onnx {

using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

namespace {

// index < 0 ? index + length : index.
Result<ValueId> wrapped(NodeContext& context, ValueId indices, ValueId lengths, const std::string& step) {
  const ir::DataType dtype = context.graph().value(indices).dtype;
  const ValueId zero = context.add_literal(IntTensor(Shape{}), dtype, step + "_zero");
  ZKI_ASSIGN_OR_RETURN(const ValueId negative, context.add(OpKind::kLess, {indices, zero}, {}, step + "_negative"));
  ZKI_ASSIGN_OR_RETURN(const ValueId bit,
                       context.add(OpKind::kCast, {negative}, ir::CastAttributes{dtype}, step + "_bit"));
  ZKI_ASSIGN_OR_RETURN(const ValueId offset, context.add(OpKind::kMul, {bit, lengths}, {}, step + "_offset"));
  return context.add(OpKind::kAdd, {indices, offset}, {}, step + "_wrapped");
}

}  // namespace

Result<ValueId> from_the_start(NodeContext& context, ValueId indices, int64_t length, const std::string& step) {
  return wrapped(context, indices, literal_indices(context, Shape{}, {length}, step + "_length"), step);
}

Result<ValueId> flat_positions(NodeContext& context, size_t indices_input, const Shape& x, size_t first, size_t count) {
  const ir::Value indices = context.value(indices_input);
  Dims strides(count, 1);
  for (size_t i = count; i-- > 1;) strides[i - 1] = strides[i] * x[first + i];
  Dims dims = indices.shape.dims();
  dims.pop_back();
  ZKI_ASSIGN_OR_RETURN(const Shape shape, Shape::make(std::move(dims)));
  if (const IntTensor* tuples = indices.ints()) {
    Dims positions;
    for (size_t row = 0; row < static_cast<size_t>(shape.num_elements()); ++row) {
      int64_t position = 0;
      for (size_t i = 0; i < count; ++i) {
        const int64_t given = (*tuples)[row * count + i];
        const int64_t at = given < 0 ? given + x[first + i] : given;
        if (at < 0 || at >= x[first + i])
          return out_of_range("index " + std::to_string(given) + " on an axis of length " +
                              std::to_string(x[first + i]));
        position += at * strides[i];
      }
      positions.push_back(position);
    }
    const ValueId list = literal_indices(context, shape, std::move(positions), "positions");
    context.graph().value(list).literal = indices.literal;
    return list;
  }
  ZKI_ASSIGN_OR_RETURN(ValueId tuples, context.add(OpKind::kIdentity, {context.input(indices_input)}, {}, "tuples"));
  Dims lengths(x.dims().begin() + static_cast<std::ptrdiff_t>(first),
               x.dims().begin() + static_cast<std::ptrdiff_t>(first + count));
  const Shape list{static_cast<int64_t>(count)};
  ZKI_ASSIGN_OR_RETURN(
      tuples, wrapped(context, tuples, literal_indices(context, list, std::move(lengths), "lengths"), "tuples"));
  const ValueId factors = literal_indices(context, list, std::move(strides), "strides");
  ZKI_ASSIGN_OR_RETURN(const ValueId products, context.add(OpKind::kMul, {tuples, factors}, {}, "products"));
  return context.add(OpKind::kReduceSum, {products},
                     ir::ReduceAttributes{{static_cast<int64_t>(indices.shape.rank()) - 1}, false}, "positions");
}

}  // namespace zkinfer::frontend_onnx
