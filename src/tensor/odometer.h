// SPDX-License-Identifier: Apache-2.0
// Walks over the positions of dense tensors, for whoever has entries: executors, no verifier.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tensor/shape.h"

namespace zkinfer {

// Row-major strides in elements: the last is 1.
Dims row_major_strides(const Shape& shape);

// Strides with which a tensor of shape `from` is read along shape `to` (a broadcast of `from`): 0 on stretched axes.
// Length to.rank().
Dims broadcast_strides(const Shape& from, const Shape& to);

// Visits the row-major positions of `shape` and keeps one running offset per operand: a small odometer for
// broadcasting, transposing and slicing loops. Each strides[i] has shape.rank() entries.
class Odometer {
 public:
  Odometer(const Shape& shape, std::vector<Dims> strides);
  std::int64_t offset(std::size_t operand) const { return offsets_[operand]; }
  // Steps to the next position; wraps to the first after the last.
  void next();
  // Goes to a row-major position.
  void seek(std::int64_t position);

 private:
  Dims dims_;
  std::vector<Dims> strides_;
  Dims index_;
  Dims offsets_;
};

}  // namespace zkinfer
