// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/quantized.h"

namespace zkinfer::frontend_onnx {

using ir::DataType;
using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

ValueId aligned(Build& b, ValueId parameter, const Shape& x, const Granularity& granularity, bool is_public) {
  if (parameter == ir::kNoValue || !b.ok()) return parameter;
  if (const ir::Value* constant = b.constant(parameter); constant != nullptr && is_public && !constant->literal) {
    const AnyTensor copy = *constant->constant;
    parameter = b.literal(copy, b.dtype(parameter));
  }
  const Shape p = b.shape(parameter);
  if (p.num_elements() == 1) return b.reshape(parameter, {});
  Result<int64_t> resolved = resolve_axis(x.rank() == 1 ? 0 : granularity.axis, x.rank());
  if (!resolved.ok()) {
    b.fail(resolved.status());
    return parameter;
  }
  const auto axis = static_cast<size_t>(*resolved);
  const auto misfit = [&] {
    b.fail(invalid_argument("a scale or zero point of shape " + p.to_string() + " along axis " + std::to_string(axis) +
                            " of an operand of shape " + x.to_string()));
    return parameter;
  };
  if (p.rank() == 1) {
    if (p[0] != x[axis]) return misfit();
    Dims dims(x.rank() - axis, 1);
    dims[0] = p[0];
    return b.reshape(parameter, std::move(dims));
  }
  if (p.rank() != x.rank()) return misfit();
  for (size_t i = 0; i < x.rank(); ++i)
    if (i != axis && p[i] != x[i] && p[i] != 1) return misfit();
  if (p[axis] == x[axis] || p[axis] == 1) return parameter;
  const int64_t block = granularity.block > 0 ? granularity.block : x[axis] / p[axis];
  if (block < 1 || block > x[axis] || p[axis] != (x[axis] + block - 1) / block) return misfit();
  Dims dims = p.dims();
  dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(axis) + 1, 1);
  parameter = b.reshape(parameter, dims);
  dims[axis + 1] = block;
  Result<Shape> repeated = Shape::make(dims);
  if (!repeated.ok()) {
    b.fail(repeated.status());
    return parameter;
  }
  parameter = b.expand(parameter, *repeated);
  dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(axis) + 1);
  dims[axis] = p[axis] * block;
  parameter = b.reshape(parameter, dims);
  return dims[axis] == x[axis] ? parameter : b.slice(parameter, axis, 0, x[axis]);
}

ValueId centered(Build& b, ValueId integers, ValueId zero) {
  const ValueId x = b.cast(integers, DataType::kFloat);
  return zero == ir::kNoValue ? x : b.sub(x, b.cast(zero, DataType::kFloat));
}

ValueId saturated(Build& b, NodeContext& context, ValueId x, ValueId zero, ir::IntegerRange range) {
  x = b.function(ir::function("Round"), x);
  const auto lo = static_cast<float>(range.lo);
  const auto hi = static_cast<float>(range.hi);
  const ir::Value* constant = b.constant(zero);
  if (zero == ir::kNoValue) {
    x = b.clip(x, lo, hi);
  } else if (constant != nullptr && constant->ints() != nullptr && constant->shape.num_elements() == 1) {
    // The limits move, so that what follows may take the zero point away again.
    const auto offset = static_cast<float>((*constant->ints())[0]);
    x = b.clip(x, lo - offset, hi - offset);
    if (offset != 0) x = b.add(x, b.number(static_cast<double>(offset)));
  } else {
    x = b.clip(b.add(x, b.cast(zero, DataType::kFloat)), lo, hi);
  }
  x = b.cast(x, DataType::kInt64);
  if (b.ok()) context.graph().value(x).declared = range;
  return x;
}

ir::IntegerRange range_of(NodeContext& context, ValueId integers) {
  const ir::IntegerRange uint8{0, 255};
  return integers == ir::kNoValue ? uint8 : context.graph().value(integers).declared.value_or(uint8);
}

}  // namespace zkinfer::frontend_onnx
