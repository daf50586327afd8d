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

}  // namespace zkinfer
