// SPDX-License-Identifier: Apache-2.0
#include "arrays.h"

#include <optional>

namespace zkinfer::python {

namespace {

std::optional<Dtype> dtype_of_array(const py::array& array) {
  const std::size_t size = static_cast<std::size_t>(array.dtype().itemsize());
  switch (array.dtype().kind()) {
    case 'f':
      return size == 4 ? std::optional(Dtype::kFloat32) : size == 8 ? std::optional(Dtype::kFloat64) : std::nullopt;
    case 'i': return size == 1 ? Dtype::kInt8 : size == 2 ? Dtype::kInt16 : size == 4 ? Dtype::kInt32 : Dtype::kInt64;
    case 'u':
      if (size == 8) return std::nullopt;
      return size == 1 ? Dtype::kUint8 : size == 2 ? Dtype::kUint16 : Dtype::kUint32;
    default: return std::nullopt;
  }
}

}  // namespace

Arrays::Arrays(const std::vector<std::vector<py::array>>& rows) : arrays_(rows) {
  for (const std::vector<py::array>& row : arrays_) {
    std::vector<TensorView>& views = views_.emplace_back();
    for (const py::array& array : row) {
      const std::optional<Dtype> dtype = dtype_of_array(array);
      if (!dtype.has_value() || (array.flags() & py::array::c_style) == 0) {
        throw StatusError{invalid_argument("an array of " + std::string(py::str(array.dtype())) +
                                           " that is not dense and row-major, or of no type that is taken")};
      }
      std::vector<std::int64_t>& shape = shapes_.emplace_back();
      for (py::ssize_t axis = 0; axis < array.ndim(); ++axis) shape.push_back(array.shape(axis));
      views.push_back({*dtype, {}, array.data()});
    }
  }
  // Once all are there: spans must not move.
  std::size_t next = 0;
  for (std::vector<TensorView>& views : views_)
    for (TensorView& view : views) view.shape = shapes_[next++];
}

std::shared_ptr<const Arrays> hold(const std::vector<std::vector<py::array>>& rows) {
  return {new Arrays(rows), [](const Arrays* arrays) {
            const py::gil_scoped_acquire gil;
            delete arrays;
          }};
}

py::array to_python(const TensorInfo& tensor, const std::vector<std::int64_t>& integers) {
  py::array_t<std::int64_t> flat(static_cast<py::ssize_t>(integers.size()), integers.data());
  if (tensor.num_elements() != integers.size()) return flat;
  return flat.reshape(std::vector<py::ssize_t>(tensor.shape.begin(), tensor.shape.end()));
}

}  // namespace zkinfer::python
