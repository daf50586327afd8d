// SPDX-License-Identifier: Apache-2.0
// zkinfer/commit_tensor.h and zkinfer/tensor_commitment.h.
#include "arrays.h"
#include "native.h"
#include "work.h"
#include "zkinfer/commit_tensor.h"
#include "zkinfer/model.h"

namespace zkinfer::python {

void bind_tensors(py::module_& module) {
  py::class_<TensorCommitment>(module, "TensorCommitment")
      .def_static("from_bytes",
                  [](const py::bytes& bytes) { return must(TensorCommitment::from_bytes(view_of(bytes))); })
      .def("to_bytes", [](const TensorCommitment& commitment) { return to_python(commitment.to_bytes()); })
      .def_property_readonly("tensor", &TensorCommitment::tensor)
      .def_property_readonly("budget", &TensorCommitment::budget)
      .def_property_readonly("id", [](const TensorCommitment& commitment) { return to_python(commitment.id()); });
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
  module.def("canonical_bytes", [](const TensorInfo& tensor, const std::vector<std::int64_t>& integers) {
    return to_python(must(canonical_bytes(tensor, integers)));
  });
  module.def("hash_data",
             [](TensorHash hash, const py::bytes& bytes) { return to_python(hash_data(hash, view_of(bytes))); });
}

}  // namespace zkinfer::python
