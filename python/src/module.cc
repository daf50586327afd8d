// SPDX-License-Identifier: Apache-2.0
#include "native.h"
#include "work.h"

PYBIND11_MODULE(_native, module) {
  using namespace zkinfer::python;
  module.doc() = "The C++ API (include/zkinfer). Use the package zkinfer.";
  bind_errors(module);
  bind_basics(module);
  bind_compile(module);
  bind_verify(module);
  bind_tensors(module);
  bind_prove(module);
  module.def("end_left_behind", &end_left_behind);
}
