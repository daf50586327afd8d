// SPDX-License-Identifier: Apache-2.0
// Tensors: numbers of some type, row-major, as a user has them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "zkinfer/status.h"

namespace zkinfer {

enum class Dtype : std::uint8_t {
  kFloat32 = 0,
  kFloat64 = 1,
  kInt8 = 2,
  kUint8 = 3,
  kInt16 = 4,
  kUint16 = 5,
  kInt32 = 6,
  kUint32 = 7,
  kInt64 = 8,
};
std::size_t dtype_size(Dtype dtype);
std::string_view dtype_name(Dtype dtype);  // as NumPy writes it: "float32"

template <class T>
constexpr Dtype dtype_of() {
  if constexpr (std::is_same_v<T, float>)
    return Dtype::kFloat32;
  else if constexpr (std::is_same_v<T, double>)
    return Dtype::kFloat64;
  else if constexpr (std::is_same_v<T, std::int8_t>)
    return Dtype::kInt8;
  else if constexpr (std::is_same_v<T, std::uint8_t>)
    return Dtype::kUint8;
  else if constexpr (std::is_same_v<T, std::int16_t>)
    return Dtype::kInt16;
  else if constexpr (std::is_same_v<T, std::uint16_t>)
    return Dtype::kUint16;
  else if constexpr (std::is_same_v<T, std::int32_t>)
    return Dtype::kInt32;
  else if constexpr (std::is_same_v<T, std::uint32_t>)
    return Dtype::kUint32;
  else {
    static_assert(std::is_same_v<T, std::int64_t>, "no dtype for this type");
    return Dtype::kInt64;
  }
}

// A dense row-major tensor of somebody else's: a NumPy array, a mapped file, a WASM heap. Borrows shape and data, which need
// no alignment; little-endian.
struct TensorView {
  Dtype dtype = Dtype::kFloat32;
  std::span<const std::int64_t> shape;
  const void* data = nullptr;

  std::uint64_t num_elements() const;
  bool is_float() const { return dtype == Dtype::kFloat32 || dtype == Dtype::kFloat64; }
  // The i-th element, as T. T must be the dtype's type.
  template <class T>
  T at(std::size_t i) const {
    T value;
    std::memcpy(&value, static_cast<const unsigned char*>(data) + i * sizeof(T), sizeof(T));
    return value;
  }
};

// invalid_argument: a negative or too large dimension, elements without data, an unknown dtype.
Status check_view(const TensorView& tensor);

// Calls f(T{}) with the type of `dtype`.
template <class F>
decltype(auto) with_dtype(Dtype dtype, F&& f) {
  switch (dtype) {
    case Dtype::kFloat32: return f(float{});
    case Dtype::kFloat64: return f(double{});
    case Dtype::kInt8: return f(std::int8_t{});
    case Dtype::kUint8: return f(std::uint8_t{});
    case Dtype::kInt16: return f(std::int16_t{});
    case Dtype::kUint16: return f(std::uint16_t{});
    case Dtype::kInt32: return f(std::int32_t{});
    case Dtype::kUint32: return f(std::uint32_t{});
    case Dtype::kInt64: return f(std::int64_t{});
  }
  detail::wrong_use("a dtype that is none");
}

// A tensor that owns its numbers.
class Tensor {
 public:
  Tensor() : Tensor(Dtype::kFloat32, {0}) {}
  // Zeros.
  Tensor(Dtype dtype, std::vector<std::int64_t> shape);
  // As many values as the shape says.
  template <class T>
  Tensor(std::vector<std::int64_t> shape, std::span<const T> values) : Tensor(dtype_of<T>(), std::move(shape)) {
    if (values.size() != num_elements()) detail::wrong_use("a tensor has as many elements as its shape says");
    if (!values.empty()) std::memcpy(bytes_.data(), values.data(), bytes_.size());
  }
  template <class T>
  Tensor(std::vector<std::int64_t> shape, const std::vector<T>& values)
      : Tensor(std::move(shape), std::span<const T>(values)) {}

  Dtype dtype() const { return dtype_; }
  const std::vector<std::int64_t>& shape() const { return shape_; }
  std::uint64_t num_elements() const { return view().num_elements(); }
  TensorView view() const { return {dtype_, shape_, bytes_.data()}; }
  operator TensorView() const { return view(); }  // NOLINT: implicit on purpose
  // The numbers themselves; T must be the dtype's type.
  template <class T>
  std::span<const T> values() const {
    if (dtype_of<T>() != dtype_) detail::wrong_use("values() of another type than the tensor's");
    return {reinterpret_cast<const T*>(bytes_.data()), bytes_.size() / sizeof(T)};
  }
  template <class T>
  std::span<T> values() {
    if (dtype_of<T>() != dtype_) detail::wrong_use("values() of another type than the tensor's");
    return {reinterpret_cast<T*>(bytes_.data()), bytes_.size() / sizeof(T)};
  }
  friend bool operator==(const Tensor&, const Tensor&) = default;

 private:
  Dtype dtype_;
  std::vector<std::int64_t> shape_;
  std::vector<std::byte> bytes_;  // of operator new: aligned for every dtype
};

}  // namespace zkinfer
