// SPDX-License-Identifier: Apache-2.0
#include "tensor/shape.h"

#include <algorithm>

#include "base/check.h"

namespace zkinfer {

std::string dims_to_string(const Dims& dims) {
  std::string text = "[";
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (i != 0) text += ", ";
    text += std::to_string(dims[i]);
  }
  return text + "]";
}

Result<Shape> Shape::make(Dims dims) {
  if (dims.size() > kMaxRank)
    return resource_limit("a tensor of rank " + std::to_string(dims.size()) + ": at most " + std::to_string(kMaxRank) +
                          " dimensions are possible");
  std::int64_t product_of_nonzero = 1;
  bool has_zero = false;
  for (const std::int64_t dim : dims) {
    if (dim < 0) return invalid_argument("negative dimension in shape " + dims_to_string(dims));
    if (dim == 0) {
      has_zero = true;
      continue;
    }
    if (dim > kMaxElements / product_of_nonzero)
      return resource_limit("a tensor of shape " + dims_to_string(dims) + " has more than 2^31 elements");
    product_of_nonzero *= dim;
  }
  Shape shape;
  shape.dims_ = std::move(dims);
  shape.num_elements_ = has_zero ? 0 : product_of_nonzero;
  return shape;
}

Shape::Shape(Dims dims) {
  Result<Shape> made = make(std::move(dims));
  ZKI_CHECK(made.ok(), "Shape needs valid dimensions; use Shape::make for untrusted ones");
  *this = std::move(made).value();
}

std::int64_t Shape::num_elements(std::size_t begin, std::size_t end) const {
  ZKI_CHECK(begin <= end && end <= rank(), "axis range within the rank");
  std::int64_t product = 1;
  for (std::size_t axis = begin; axis < end; ++axis) product *= dims_[axis];
  return product;
}

Dims Shape::strides() const {
  Dims strides(rank(), 1);
  for (std::size_t axis = rank(); axis-- > 1;) strides[axis - 1] = strides[axis] * dims_[axis];
  return strides;
}

std::string Shape::to_string() const { return dims_to_string(dims_); }

Result<Shape> broadcast_shapes(const Shape& a, const Shape& b) {
  const std::size_t rank = std::max(a.rank(), b.rank());
  Dims dims(rank);
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t from_a = i < rank - a.rank() ? 1 : a[i - (rank - a.rank())];
    const std::int64_t from_b = i < rank - b.rank() ? 1 : b[i - (rank - b.rank())];
    if (from_a != from_b && from_a != 1 && from_b != 1)
      return invalid_argument("shapes " + a.to_string() + " and " + b.to_string() + " do not broadcast");
    dims[i] = from_a == 1 ? from_b : from_a;
  }
  return Shape::make(std::move(dims));
}

Dims broadcast_strides(const Shape& from, const Shape& to) {
  ZKI_CHECK(from.rank() <= to.rank(), "broadcasting never lowers the rank");
  const Dims own = from.strides();
  const std::size_t lead = to.rank() - from.rank();
  Dims strides(to.rank(), 0);
  for (std::size_t axis = 0; axis < from.rank(); ++axis)
    if (from[axis] != 1) strides[lead + axis] = own[axis];
  return strides;
}

Odometer::Odometer(const Shape& shape, std::vector<Dims> strides)
    : dims_(shape.dims()), strides_(std::move(strides)), index_(shape.rank(), 0), offsets_(strides_.size(), 0) {
  for (const Dims& operand : strides_) ZKI_CHECK_EQ(operand.size(), dims_.size(), "one stride per axis");
}

void Odometer::next() {
  for (std::size_t axis = dims_.size(); axis-- > 0;) {
    if (++index_[axis] < dims_[axis]) {
      for (std::size_t i = 0; i < offsets_.size(); ++i) offsets_[i] += strides_[i][axis];
      return;
    }
    for (std::size_t i = 0; i < offsets_.size(); ++i) offsets_[i] -= strides_[i][axis] * (dims_[axis] - 1);
    index_[axis] = 0;
  }
}

}  // namespace zkinfer
