// SPDX-License-Identifier: Apache-2.0
// zkinfer/commit_tensor.h.
#include "arrays.h"
#include "native.h"
#include "work.h"
#include "zkinfer/commit_tensor.h"
#include "zkinfer/model.h"

namespace zkinfer::python {

void bind_tensors(py::module_& module) {
  py::class_<CommittedTensor>(module, "CommittedTensor")
      .def_static("create",
                  [](const VerificationKey& key, std::size_t index, const py::array& values) {
                    must(check_process());
                    const auto arrays = hold(std::vector<std::vector<py::array>>{{values}});
                    const py::gil_scoped_release no_gil;
                    return must(CommittedTensor::create(key, index, arrays->rows()[0][0]));
                  })
      .def_static("open", [](const std::string& path) { return must(CommittedTensor::open(path)); })
      .def("save", [](CommittedTensor& tensor, const std::string& path) { must(tensor.save(path)); })
      .def_property_readonly("commitment", &CommittedTensor::commitment)
      .def_property_readonly("integers", [](const CommittedTensor& tensor) {
        return to_python(tensor.commitment().tensor(), tensor.integers());
      });
  // An input's integers as the model takes them, in canonical bytes.
  module.def("input_bytes", [](const TensorInfo& input, const py::array& values) {
    const auto arrays = hold(std::vector<std::vector<py::array>>{{values}});
    return to_python(must(canonical_bytes(input, must(to_integers(input, arrays->rows()[0][0])))));
  });
}

}  // namespace zkinfer::python
