// SPDX-License-Identifier: Apache-2.0
// DenseTensor<T>: a Shape and its elements, row-major. AnyTensor: what a model file can hold, widened to two host types.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/check.h"
#include "tensor/shape.h"

namespace zkinfer {

template <class T>
class DenseTensor {
 public:
  DenseTensor() : data_(1) {}  // the scalar zero
  // All elements zero.
  explicit DenseTensor(Shape shape)
      : shape_(std::move(shape)), data_(static_cast<std::size_t>(shape_.num_elements())) {}
  DenseTensor(Shape shape, std::vector<T> data) : shape_(std::move(shape)), data_(std::move(data)) {
    ZKI_CHECK_EQ(shape_.num_elements(), static_cast<std::int64_t>(data_.size()),
                 "a tensor has as many elements as its shape says");
  }

  const Shape& shape() const { return shape_; }
  std::int64_t num_elements() const { return shape_.num_elements(); }
  std::span<const T> data() const { return data_; }
  std::span<T> data() { return data_; }
  const T& operator[](std::size_t flat_index) const { return data_[flat_index]; }
  T& operator[](std::size_t flat_index) { return data_[flat_index]; }
  // The same elements under another shape with as many elements.
  DenseTensor reshaped(Shape shape) && { return DenseTensor(std::move(shape), std::move(data_)); }
  DenseTensor reshaped(Shape shape) const& { return DenseTensor(std::move(shape), data_); }
  bool operator==(const DenseTensor& other) const { return shape_ == other.shape_ && data_ == other.data_; }

 private:
  Shape shape_;
  std::vector<T> data_;
};

using FloatTensor = DenseTensor<float>;
using IntTensor = DenseTensor<std::int64_t>;
// float16, float and double become float; every integer type and bool becomes int64.
using AnyTensor = std::variant<FloatTensor, IntTensor>;

inline const Shape& shape_of(const AnyTensor& tensor) {
  const auto* floats = std::get_if<FloatTensor>(&tensor);
  return floats != nullptr ? floats->shape() : std::get_if<IntTensor>(&tensor)->shape();
}

// Tensors by value name.
using TensorMap = std::map<std::string, FloatTensor>;

}  // namespace zkinfer
