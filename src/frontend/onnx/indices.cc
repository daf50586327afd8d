// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/indices.h"

namespace zkinfer::frontend_onnx {

using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

namespace {

// index < 0 ? index + length : index.
ValueId wrapped(Build& b, ValueId indices, ValueId lengths) {
  const ValueId negative = b.cast(b.less(indices, b.number_like(indices, 0)), b.dtype(indices));
  return b.add(indices, b.mul(negative, lengths));
}

}  // namespace

ValueId from_the_start(Build& b, ValueId indices, int64_t length) {
  return wrapped(b, indices, b.number(static_cast<double>(length), ir::DataType::kInt64));
}

ValueId flat_positions(Build& b, ValueId indices, const Shape& x, size_t first, size_t count) {
  if (!b.ok()) return indices;
  Dims lengths(x.dims().begin() + static_cast<std::ptrdiff_t>(first),
               x.dims().begin() + static_cast<std::ptrdiff_t>(first + count));
  Dims strides(count, 1);
  for (size_t i = count; i-- > 1;) strides[i - 1] = strides[i] * lengths[i];
  if (const ir::Value* constant = b.constant(indices); constant != nullptr && constant->ints() != nullptr) {
    const auto tuples = constant->ints()->data();
    for (size_t i = 0; i < tuples.size(); ++i)
      if (const int64_t length = lengths[i % count]; tuples[i] < -length || tuples[i] >= length) {
        b.fail(out_of_range("index " + std::to_string(tuples[i]) + " on an axis of length " + std::to_string(length)));
        return indices;
      }
  }
  const Shape list{static_cast<int64_t>(count)};
  const auto last = static_cast<int64_t>(b.shape(indices).rank()) - 1;
  const ValueId products =
      b.mul(wrapped(b, indices, b.integers(list, std::move(lengths))), b.integers(list, std::move(strides)));
  return b.reduce(OpKind::kReduceSum, products, {last}, false);
}

}  // namespace zkinfer::frontend_onnx
