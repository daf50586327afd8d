// SPDX-License-Identifier: Apache-2.0
#include "arrays.h"

#include <cstring>
#include <optional>

namespace zkinfer::python {

namespace {

// Asks Python: Debian's pybind11 reads NumPy 1's structures, and people also bring NumPy 2.
std::optional<Dtype> dtype_of_array(const py::array& array) {
  const py::object dtype = array.attr("dtype");
  const auto size = py::cast<std::size_t>(dtype.attr("itemsize"));
  switch (py::cast<std::string>(dtype.attr("kind"))[0]) {
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
        throw StatusError{invalid_argument("an array of " + std::string(py::str(array.attr("dtype"))) +
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

py::array new_array(const char* dtype, const std::vector<std::int64_t>& shape, const void* data) {
  py::array out = py::module_::import("numpy").attr("empty")(py::tuple(py::cast(shape)), dtype);
  const auto num_bytes = py::cast<std::size_t>(out.attr("nbytes"));
  if (num_bytes > 0) std::memcpy(out.mutable_data(), data, num_bytes);
  return out;
}

py::array to_python(const TensorInfo& tensor, const std::vector<std::int64_t>& integers) {
  const bool fits = tensor.num_elements() == integers.size();
  return new_array("int64", fits ? tensor.shape : std::vector{static_cast<std::int64_t>(integers.size())},
                   integers.data());
}

std::vector<py::array> to_python(const std::vector<std::vector<std::int64_t>>& tensors) {
  std::vector<py::array> out;
  for (const std::vector<std::int64_t>& integers : tensors)
    out.push_back(new_array("int64", {static_cast<std::int64_t>(integers.size())}, integers.data()));
  return out;
}

}  // namespace zkinfer::python
