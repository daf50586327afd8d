// SPDX-License-Identifier: Apache-2.0
// Errors, and the plain types that every part uses.
#include <system_error>

#include "native.h"
#include "zkinfer/security.h"
#include "zkinfer/version.h"

namespace zkinfer::python {

namespace {

// A message may quote a name of a damaged file, which is no text in UTF-8.
py::object text_of(const std::string& message) {
  return py::reinterpret_steal<py::object>(
      PyUnicode_DecodeUTF8(message.data(), static_cast<Py_ssize_t>(message.size()), "backslashreplace"));
}

// The exception that zkinfer.errors makes of a status, set as Python's error.
void raise_status(const StatusError& error) {
  const py::object made = py::module_::import("zkinfer.errors")
                              .attr("from_status")(std::string(status_code_name(error.status.code())),
                                                   text_of(error.status.message()), error.parts, error.about_model);
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(made.ptr())), made.ptr());
}

}  // namespace

void bind_errors(py::module_&) {
  py::register_exception_translator([](std::exception_ptr thrown) {
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const StatusError& error) {
      raise_status(error);
    } catch (const std::system_error& error) {
      if (error.code() != std::errc::resource_unavailable_try_again) throw;
      raise_status({resource_limit("the system gives no more threads")});
    }
  });
}

void bind_basics(py::module_& module) {
  module.attr("version") = std::to_string(ZKINFER_VERSION_MAJOR) + "." + std::to_string(ZKINFER_VERSION_MINOR) + "." +
                           std::to_string(ZKINFER_VERSION_PATCH);

  py::class_<TensorFormat>(module, "TensorFormat")
      .def(py::init<std::int64_t, std::int64_t, std::int64_t, std::int32_t>(), py::arg("lo"), py::arg("hi"),
           py::arg("scale_mantissa") = 1, py::arg("scale_exponent") = 0)
      .def_readonly("lo", &TensorFormat::lo)
      .def_readonly("hi", &TensorFormat::hi)
      .def_readonly("scale_mantissa", &TensorFormat::scale_mantissa)
      .def_readonly("scale_exponent", &TensorFormat::scale_exponent)
      .def_property_readonly("scale", &TensorFormat::scale)
      .def("__eq__", [](const TensorFormat& a, const TensorFormat& b) { return a == b; });
  py::class_<TensorInfo>(module, "TensorInfo")
      .def_readonly("name", &TensorInfo::name)
      .def_property_readonly("shape", [](const TensorInfo& tensor) { return py::tuple(py::cast(tensor.shape)); })
      .def_readonly("format", &TensorInfo::format)
      .def_property_readonly("num_elements", &TensorInfo::num_elements);

  py::enum_<Exposure>(module, "Exposure")
      .value("private", Exposure::kPrivate)
      .value("public", Exposure::kPublic)
      .value("committed", Exposure::kCommitted);
  py::enum_<TensorHash>(module, "TensorHash")
      .value("none", TensorHash::kNone)
      .value("keccak256", TensorHash::kKeccak256)
      .value("sha256", TensorHash::kSha256);
  py::class_<TensorPolicy>(module, "TensorPolicy")
      .def(py::init([](Exposure exposure, TensorHash hash) {
        return TensorPolicy{exposure, hash};
      }))
      .def_readonly("exposure", &TensorPolicy::exposure)
      .def_readonly("hash", &TensorPolicy::hash);

  py::enum_<Decoding>(module, "Decoding").value("johnson", Decoding::kJohnson).value("unique", Decoding::kUnique);
  py::enum_<Profile>(module, "Profile")
      .value("balanced", Profile::kBalanced)
      .value("fast", Profile::kFast)
      .value("small", Profile::kSmall);
  py::class_<Security>(module, "Security")
      .def(py::init<>())
      .def_readwrite("bits", &Security::bits)
      .def_readwrite("decoding", &Security::decoding)
      .def_readwrite("pow_bits", &Security::pow_bits)
      .def_readwrite("profile", &Security::profile)
      .def_readwrite("zero_knowledge", &Security::zero_knowledge);
}

}  // namespace zkinfer::python
