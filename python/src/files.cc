// SPDX-License-Identifier: Apache-2.0
// Files of inputs, as the program reads them.
#include "inputs/input_file.h"

#include "native.h"

namespace zkinfer::python {

void bind_files(py::module_& module) {
  module.def("is_input_file", &is_input_file);
  module.def("is_text_file", &is_text_file);
  // Every sample of one file: [sample][input], float32.
  module.def("read_samples",
             [](const std::string& path, const std::vector<TensorInfo>& inputs, const Preprocessing& preprocessing) {
               std::vector<std::vector<py::array>> out;
               for (const RealInputs& sample : must(read_samples({path}, inputs, preprocessing))) {
                 std::vector<py::array>& row = out.emplace_back();
                 for (const RealTensor& tensor : sample)
                   row.push_back(new_array("float32", tensor.shape, tensor.data.data()));
               }
               return out;
             });
  // What the file holds, before a model's shapes are known: name (maybe empty), numbers, whether it is a picture.
  module.def("read_arrays", [](const std::string& path) {
    std::vector<std::tuple<std::string, py::array, bool>> out;
    for (const Array& array : must(read_arrays(path)))
      out.emplace_back(array.name, new_array("float32", array.shape, array.data.data()), array.is_picture);
    return out;
  });
}

}  // namespace zkinfer::python
