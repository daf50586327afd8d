// SPDX-License-Identifier: Apache-2.0
// The extension module zkinfer._native: the public C++ API in Python's types, and nothing else. What users see is python/zkinfer.
#pragma once

#include <array>
#include <string>
#include <vector>

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "zkinfer/status.h"
#include "zkinfer/tensor_info.h"
#include "zkinfer/verify.h"

namespace zkinfer::python {

namespace py = pybind11;

// One per file, called by the module in this order; the first four are all of the package that only verifies.
void bind_basics(py::module_& module);
void bind_verify(py::module_& module);
void bind_evaluation(py::module_& module);
void bind_evm(py::module_& module);
void bind_prove(py::module_& module);
void bind_tensors(py::module_& module);
void bind_compile(py::module_& module);
void bind_files(py::module_& module);
void bind_generate(py::module_& module);
void bind_evaluate(py::module_& module);
void bind_seal(py::module_& module);
// Of a metric: kind, output, groups, k.
using MetricNumbers = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t>;

// A Status on its way to Python; zkinfer.errors says which exception it becomes. Thrown with and without the GIL.
struct StatusError {
  Status status;
  bool about_model = false;                            // an ONNX file, or what is asked of it
  std::vector<std::array<std::string, 4>> parts = {};  // that are refused: node, operator, reason, remedy
};
void bind_errors(py::module_& module);

template <class T>
T must(Result<T> result) {
  if (!result.ok()) throw StatusError{result.status()};
  return std::move(result).value();
}
inline void must(const Status& status) {
  if (!status.ok()) throw StatusError{status};
}

inline py::bytes to_python(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
// The caller's bytes, borrowed.
inline ByteView view_of(const py::bytes& bytes) {
  const auto view = static_cast<std::string_view>(bytes);
  return {reinterpret_cast<const std::uint8_t*>(view.data()), view.size()};
}
inline Bytes bytes_of(const py::bytes& bytes) {
  const ByteView view = view_of(bytes);
  return {view.begin(), view.end()};
}

// A copy of numbers of a NumPy type. Made by NumPy itself: Debian's pybind11 takes the strides from NumPy 1's structures, and
// people also bring NumPy 2.
py::array new_array(const char* dtype, const std::vector<std::int64_t>& shape, const void* data);
// A new int64 array of a tensor's shape; flat where the shape does not fit, as of what is not there.
py::array to_python(const TensorInfo& tensor, const std::vector<std::int64_t>& integers);
// Flat int64 arrays, one per tensor.
std::vector<py::array> to_python(const std::vector<std::vector<std::int64_t>>& tensors);

}  // namespace zkinfer::python
