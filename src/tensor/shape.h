// SPDX-License-Identifier: Apache-2.0
// Shape: the dimensions of a dense row-major tensor. Invariant of every object: rank <= kMaxRank, every dimension
// >= 0 and the product of the non-zero dimensions <= kMaxElements, so that sizes and strides never overflow.
// Errors: Shape::make on untrusted dimensions returns invalid_argument or resource_limit; the constructors CHECK.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "zkinfer/status.h"

namespace zkinfer {

inline constexpr std::int64_t kMaxElements = std::int64_t{1} << 31;
inline constexpr std::size_t kMaxRank = 16;

using Dims = std::vector<std::int64_t>;

class Shape {
 public:
  Shape() = default;  // a scalar: rank 0, one element
  Shape(std::initializer_list<std::int64_t> dims) : Shape(Dims(dims)) {}
  explicit Shape(Dims dims);
  static Result<Shape> make(Dims dims);

  std::size_t rank() const { return dims_.size(); }
  std::int64_t operator[](std::size_t axis) const { return dims_[axis]; }
  const Dims& dims() const { return dims_; }
  std::int64_t num_elements() const { return num_elements_; }
  // Product of the dimensions with index in [begin, end).
  std::int64_t num_elements(std::size_t begin, std::size_t end) const;
  // "[1, 3, 32, 32]"; a scalar is "[]".
  std::string to_string() const;
  bool operator==(const Shape& other) const { return dims_ == other.dims_; }

 private:
  Dims dims_;
  std::int64_t num_elements_ = 1;
};

std::string dims_to_string(const Dims& dims);

// Numpy broadcasting: right-aligned, a dimension of 1 stretches. invalid_argument when the shapes do not match.
Result<Shape> broadcast_shapes(const Shape& a, const Shape& b);

}  // namespace zkinfer
