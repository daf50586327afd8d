// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "exec/float/kernels.h"

namespace zkinfer::exec_float {

namespace {

using ir::OpKind;
using std::int64_t;
using std::size_t;

size_t index(int64_t x) { return static_cast<size_t>(x); }

// Folds every input element into its output element with f, starting from `start`.
template <class T, class Sum, class F>
std::vector<Sum> fold(const DenseTensor<T>& x, const ir::ReduceAttributes& reduce, const Shape& output, Sum start,
                      F f) {
  std::vector<bool> reduced(x.shape().rank(), false);
  for (const int64_t axis : reduce.axes) reduced[index(axis)] = true;
  // Stride of each input axis in the output: 0 on reduced axes.
  Dims strides(x.shape().rank(), 0);
  int64_t stride = 1;
  for (size_t axis = x.shape().rank(); axis-- > 0;)
    if (!reduced[axis]) {
      strides[axis] = stride;
      stride *= x.shape()[axis];
    }
  std::vector<Sum> sums(index(output.num_elements()), start);
  Odometer odometer(x.shape(), {strides});
  for (size_t i = 0; i < x.data().size(); ++i, odometer.next()) {
    Sum& sum = sums[index(odometer.offset(0))];
    sum = f(sum, static_cast<Sum>(x[i]));
  }
  return sums;
}

Result<AnyTensor> float_reduce(const Operation& op) {
  const FloatTensor& x = op.floats(0);
  const auto& reduce = op.node.as<ir::ReduceAttributes>();
  const double infinity = std::numeric_limits<double>::infinity();
  std::vector<double> sums;
  switch (op.node.op) {
    case OpKind::kReduceSum:
    case OpKind::kReduceMean:
      sums = fold(x, reduce, op.output_shape, 0.0, [](double a, double b) { return a + b; });
      break;
    case OpKind::kReduceMax:
      sums = fold(x, reduce, op.output_shape, -infinity,
                  [](double a, double b) { return a > b || std::isnan(a) ? a : b; });
      break;
    case OpKind::kReduceMin:
      sums =
          fold(x, reduce, op.output_shape, infinity, [](double a, double b) { return a < b || std::isnan(a) ? a : b; });
      break;
    case OpKind::kReduceProd:
      sums = fold(x, reduce, op.output_shape, 1.0, [](double a, double b) { return a * b; });
      break;
    default: return internal_error("no reduction");
  }
  FloatTensor out(op.output_shape);
  const double divisor = op.node.op == OpKind::kReduceMean && out.num_elements() != 0
                             ? static_cast<double>(x.num_elements() / out.num_elements())
                             : 1.0;
  for (size_t i = 0; i < sums.size(); ++i) out[i] = static_cast<float>(sums[i] / divisor);
  return AnyTensor(std::move(out));
}

Result<AnyTensor> integer_reduce(const Operation& op) {
  const IntTensor& x = op.ints(0);
  const auto& reduce = op.node.as<ir::ReduceAttributes>();
  bool bad = false;
  std::vector<int64_t> sums;
  switch (op.node.op) {
    case OpKind::kReduceSum:
      sums = fold(x, reduce, op.output_shape, int64_t{0}, [&](int64_t a, int64_t b) {
        int64_t c;
        bad |= __builtin_add_overflow(a, b, &c);
        return c;
      });
      break;
    case OpKind::kReduceProd:
      sums = fold(x, reduce, op.output_shape, int64_t{1}, [&](int64_t a, int64_t b) {
        int64_t c;
        bad |= __builtin_mul_overflow(a, b, &c);
        return c;
      });
      break;
    case OpKind::kReduceMax:
      sums = fold(x, reduce, op.output_shape, std::numeric_limits<int64_t>::min(),
                  [](int64_t a, int64_t b) { return std::max(a, b); });
      break;
    case OpKind::kReduceMin:
      sums = fold(x, reduce, op.output_shape, std::numeric_limits<int64_t>::max(),
                  [](int64_t a, int64_t b) { return std::min(a, b); });
      break;
    default: return unsupported("mean of integers");
  }
  if (bad) return out_of_range("integer arithmetic on constants leaves int64");
  return AnyTensor(IntTensor(op.output_shape, std::move(sums)));
}

// x seen as [outer, length, inner] around one axis.
struct AxisView {
  size_t outer, length, inner;
};

AxisView around(const Shape& shape, int64_t axis) {
  return {index(shape.num_elements(0, index(axis))), index(shape[index(axis)]),
          index(shape.num_elements(index(axis) + 1, shape.rank()))};
}

template <class T>
IntTensor arg_max(const Operation& op, const DenseTensor<T>& x) {
  const AxisView view = around(x.shape(), op.node.as<ir::ArgMaxAttributes>().axis);
  IntTensor out(op.output_shape);
  for (size_t o = 0; o < view.outer; ++o)
    for (size_t i = 0; i < view.inner; ++i) {
      size_t best = 0;
      for (size_t j = 1; j < view.length; ++j)
        if (x[(o * view.length + j) * view.inner + i] > x[(o * view.length + best) * view.inner + i]) best = j;
      out[o * view.inner + i] = static_cast<int64_t>(best);
    }
  return out;
}

template <class T>
IntTensor sort(const DenseTensor<T>& x, const ir::SortAttributes& sort) {
  const AxisView view = around(x.shape(), sort.axis);
  IntTensor out(x.shape());
  std::vector<size_t> order(view.length);
  for (size_t o = 0; o < view.outer; ++o)
    for (size_t i = 0; i < view.inner; ++i) {
      const auto at = [&](size_t j) { return (o * view.length + j) * view.inner + i; };
      for (size_t j = 0; j < view.length; ++j) order[j] = j;
      std::stable_sort(order.begin(), order.end(),
                       [&](size_t a, size_t b) { return sort.largest ? x[at(a)] > x[at(b)] : x[at(a)] < x[at(b)]; });
      for (size_t j = 0; j < view.length; ++j) out[at(j)] = static_cast<int64_t>(order[j]);
    }
  return out;
}

FloatTensor softmax(const Operation& op) {
  const FloatTensor& x = op.floats(0);
  const AxisView view = around(x.shape(), op.node.as<ir::SoftmaxAttributes>().axis);
  FloatTensor out(x.shape());
  std::vector<bool> keep(x.data().size(), true);
  if (op.has(1)) {
    Odometer odometer(x.shape(), {broadcast_strides(op.ints(1).shape(), x.shape())});
    for (size_t i = 0; i < keep.size(); ++i, odometer.next()) keep[i] = op.ints(1)[index(odometer.offset(0))] != 0;
  }
  for (size_t o = 0; o < view.outer; ++o)
    for (size_t i = 0; i < view.inner; ++i) {
      const auto at = [&](size_t j) { return (o * view.length + j) * view.inner + i; };
      float largest = -std::numeric_limits<float>::infinity();
      for (size_t j = 0; j < view.length; ++j)
        if (keep[at(j)]) largest = std::max(largest, x[at(j)]);
      double sum = 0;
      for (size_t j = 0; j < view.length; ++j)
        if (keep[at(j)]) sum += static_cast<double>(out[at(j)] = std::exp(x[at(j)] - largest));
      for (size_t j = 0; j < view.length; ++j) {
        if (sum == 0) out[at(j)] = 1.0F / static_cast<float>(view.length);
        if (keep[at(j)]) out[at(j)] = static_cast<float>(static_cast<double>(out[at(j)]) / sum);
      }
    }
  return out;
}

}  // namespace

Result<AnyTensor> run_reduce(const Operation& op) {
  if (op.node.op == OpKind::kArgMax)
    return AnyTensor(op.is_float(0) ? arg_max(op, op.floats(0)) : arg_max(op, op.ints(0)));
  if (op.node.op == OpKind::kSoftmax) return AnyTensor(softmax(op));
  if (op.node.op == OpKind::kSort) {
    const auto& attributes = op.node.as<ir::SortAttributes>();
    return op.is_float(0) ? AnyTensor(sort(op.floats(0), attributes)) : AnyTensor(sort(op.ints(0), attributes));
  }
  return op.is_float(0) ? float_reduce(op) : integer_reduce(op);
}

}  // namespace zkinfer::exec_float
