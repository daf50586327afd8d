// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "exec/float/kernels.h"

namespace zkinfer::exec_float {

namespace {

using ir::OpKind;
using std::int64_t;
using std::size_t;

size_t index(int64_t x) { return static_cast<size_t>(x); }

// out[position] = x[start + sum of position * strides].
template <class T>
DenseTensor<T> strided_copy(const DenseTensor<T>& x, const Shape& shape, Dims strides, int64_t start) {
  DenseTensor<T> out(shape);
  Odometer odometer(shape, {std::move(strides)});
  for (size_t i = 0; i < out.data().size(); ++i, odometer.next()) out[i] = x[index(start + odometer.offset(0))];
  return out;
}

template <class T>
DenseTensor<T> transpose(const DenseTensor<T>& x, const Dims& perm, const Shape& shape) {
  const Dims own = row_major_strides(x.shape());
  Dims strides;
  for (const int64_t axis : perm) strides.push_back(own[index(axis)]);
  return strided_copy(x, shape, std::move(strides), 0);
}

template <class T>
DenseTensor<T> slice(const DenseTensor<T>& x, const ir::SliceAttributes& slice, const Shape& shape) {
  Dims strides = row_major_strides(x.shape());
  int64_t start = 0;
  for (size_t axis = 0; axis < strides.size(); ++axis) {
    start += strides[axis] * slice.starts[axis];
    strides[axis] *= slice.steps[axis];
  }
  return strided_copy(x, shape, std::move(strides), start);
}

template <class T>
DenseTensor<T> pad(const DenseTensor<T>& x, const ir::PadAttributes& pad, const Shape& shape) {
  std::vector<T> data(index(shape.num_elements()), static_cast<T>(pad.value));
  DenseTensor<T> out(shape, std::move(data));
  const Dims strides = row_major_strides(shape);
  int64_t start = 0;
  for (size_t axis = 0; axis < strides.size(); ++axis) start += strides[axis] * pad.begin[axis];
  Odometer odometer(x.shape(), {strides});
  for (size_t i = 0; i < x.data().size(); ++i, odometer.next()) out[index(start + odometer.offset(0))] = x[i];
  return out;
}

template <class T>
DenseTensor<T> concat(const std::vector<const AnyTensor*>& inputs, int64_t axis, const Shape& shape) {
  DenseTensor<T> out(shape);
  const size_t outer = index(shape.num_elements(0, index(axis)));
  const size_t row = index(shape.num_elements(index(axis), shape.rank()));
  size_t begin = 0;
  for (const AnyTensor* input : inputs) {
    const auto* part = std::get_if<DenseTensor<T>>(input);
    ZKI_CHECK(part != nullptr, "shape inference checked for equal types");
    const size_t part_row = index(part->shape().num_elements(index(axis), shape.rank()));
    for (size_t o = 0; o < outer; ++o)
      std::copy_n(part->data().begin() + static_cast<std::ptrdiff_t>(o * part_row), part_row,
                  out.data().begin() + static_cast<std::ptrdiff_t>(o * row + begin));
    begin += part_row;
  }
  return out;
}

template <class T>
Result<AnyTensor> gather_along(const DenseTensor<T>& data, const IntTensor& indices, int64_t axis, const Shape& shape) {
  DenseTensor<T> out(shape);
  Dims strides = row_major_strides(data.shape());
  const int64_t stride = strides[index(axis)];
  const int64_t length = data.shape()[index(axis)];
  strides[index(axis)] = 0;
  Odometer odometer(shape, {std::move(strides)});
  for (size_t i = 0; i < out.data().size(); ++i, odometer.next()) {
    const int64_t at = indices[i] < 0 ? indices[i] + length : indices[i];
    if (at < 0 || at >= length)
      return out_of_range("index " + std::to_string(indices[i]) + " on an axis of length " + std::to_string(length));
    out[i] = data[index(odometer.offset(0) + at * stride)];
  }
  return AnyTensor(std::move(out));
}

template <class T>
Result<AnyTensor> gather(const DenseTensor<T>& data, const IntTensor& indices, int64_t axis, const Shape& shape) {
  DenseTensor<T> out(shape);
  const int64_t length = data.shape()[index(axis)];
  const size_t outer = index(data.shape().num_elements(0, index(axis)));
  const size_t inner = index(data.shape().num_elements(index(axis) + 1, data.shape().rank()));
  const size_t count = indices.data().size();
  for (size_t j = 0; j < count; ++j) {
    const int64_t at = indices[j] < 0 ? indices[j] + length : indices[j];
    if (at < 0 || at >= length)
      return out_of_range("index " + std::to_string(indices[j]) + " on an axis of length " + std::to_string(length));
    for (size_t o = 0; o < outer; ++o)
      std::copy_n(data.data().begin() + static_cast<std::ptrdiff_t>((o * index(length) + index(at)) * inner), inner,
                  out.data().begin() + static_cast<std::ptrdiff_t>((o * count + j) * inner));
  }
  return AnyTensor(std::move(out));
}

template <class T>
DenseTensor<T> tile(const DenseTensor<T>& x, const Shape& shape) {
  // [r0 * d0, r1 * d1, ..] is a broadcast of x over the axes r0, d0, r1, d1, ..
  Dims dims;
  Dims strides;
  const Dims own = row_major_strides(x.shape());
  DenseTensor<T> out(shape);
  if (out.num_elements() == 0) return out;
  for (size_t axis = 0; axis < shape.rank(); ++axis) {
    dims.insert(dims.end(), {shape[axis] / x.shape()[axis], x.shape()[axis]});
    strides.insert(strides.end(), {0, own[axis]});
  }
  if (dims.size() > kMaxRank) {  // plain division where the doubled rank is not representable
    for (size_t i = 0; i < out.data().size(); ++i) {
      int64_t rest = static_cast<int64_t>(i);
      int64_t from = 0;
      for (size_t axis = shape.rank(); axis-- > 0; rest /= shape[axis])
        from += rest % shape[axis] % x.shape()[axis] * own[axis];
      out[i] = x[index(from)];
    }
    return out;
  }
  return strided_copy(x, Shape(std::move(dims)), std::move(strides), 0).reshaped(shape);
}

template <class T>
Result<AnyTensor> move(const Operation& op, const DenseTensor<T>& x) {
  switch (op.node.op) {
    case OpKind::kReshape: return AnyTensor(x.reshaped(op.output_shape));
    case OpKind::kTranspose:
      return AnyTensor(transpose(x, op.node.as<ir::TransposeAttributes>().perm, op.output_shape));
    case OpKind::kSlice: return AnyTensor(slice(x, op.node.as<ir::SliceAttributes>(), op.output_shape));
    case OpKind::kPad: return AnyTensor(pad(x, op.node.as<ir::PadAttributes>(), op.output_shape));
    case OpKind::kConcat:
      return AnyTensor(concat<T>(op.inputs, op.node.as<ir::ConcatAttributes>().axis, op.output_shape));
    case OpKind::kGather: {
      const auto& [axis, along_axis] = op.node.as<ir::GatherAttributes>();
      return along_axis ? gather_along(x, op.ints(1), axis, op.output_shape)
                        : gather(x, op.ints(1), axis, op.output_shape);
    }
    case OpKind::kExpand:
      return AnyTensor(strided_copy(x, op.output_shape, broadcast_strides(x.shape(), op.output_shape), 0));
    case OpKind::kTile: return AnyTensor(tile(x, op.output_shape));
    default: return internal_error("no data movement");
  }
}

}  // namespace

Result<AnyTensor> run_movement(const Operation& op) {
  return op.is_float(0) ? move(op, op.floats(0)) : move(op, op.ints(0));
}

}  // namespace zkinfer::exec_float
