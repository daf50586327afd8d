// SPDX-License-Identifier: Apache-2.0
#include "native.h"
#ifndef ZKINFER_VERIFY_ONLY
#include "work.h"
#endif

PYBIND11_MODULE(_native, module) {
  using namespace zkinfer::python;
  module.doc() = "The C++ API (include/zkinfer). Use the package zkinfer.";
  bind_errors(module);
  bind_basics(module);
  bind_verify(module);
  bind_evaluation(module);
  bind_evm(module);
#ifdef ZKINFER_VERIFY_ONLY
  module.attr("can_prove") = false;
#else
  module.attr("can_prove") = true;
  bind_prove(module);
  bind_tensors(module);
  bind_compile(module);
  bind_files(module);
  bind_generate(module);
  bind_evaluate(module);
  bind_seal(module);
  module.def("end_left_behind", &end_left_behind);
#endif
}
