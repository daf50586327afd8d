// SPDX-License-Identifier: Apache-2.0
// zkinfer/evm.h and zkinfer/evm_calls.h.
#include "zkinfer/evm_calls.h"

#include <algorithm>

#include "native.h"

namespace zkinfer::python {

namespace {

template <class Array>
Array array_of(const char* what, const py::bytes& bytes) {
  const ByteView view = view_of(bytes);
  if (view.size() != sizeof(Array)) {
    throw StatusError{invalid_argument(std::string(what) + ": " + std::to_string(view.size()) + " bytes, expected " +
                                       std::to_string(sizeof(Array)))};
  }
  Array out;
  std::ranges::copy(view, out.begin());
  return out;
}

py::str to_text(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

void bind_evm(py::module_& module) {
  py::class_<EvmExport>(module, "EvmExport")
      .def(py::init([](const py::bytes& model_id, const py::bytes& identity, const py::bytes& program,
                       const py::bytes& calldata) {
        EvmExport exported{array_of<Digest>("\"model_id\"", model_id), array_of<Digest>("\"identity\"", identity),
                           bytes_of(program), bytes_of(calldata)};
        must(check_evm_export(exported));
        return exported;
      }))
      .def_property_readonly("model_id", [](const EvmExport& exported) { return to_python(exported.model_id); })
      .def_property_readonly("identity", [](const EvmExport& exported) { return to_python(exported.identity); })
      .def_property_readonly("program", [](const EvmExport& exported) { return to_python(exported.program); })
      .def_property_readonly("calldata", [](const EvmExport& exported) { return to_python(exported.calldata); })
      .def_property_readonly("proof", [](const EvmExport& exported) { return to_python(evm_proof(exported)); })
      .def_property_readonly("submit_call",
                             [](const EvmExport& exported) { return to_python(evm_submit_call(exported)); });
  module.def("evm_export", [](const VerificationKey& key, const py::bytes& proof,
                              const std::vector<KnownTensor>& inputs, const std::vector<KnownTensor>& outputs) {
    const ByteView bytes = view_of(proof);
    const py::gil_scoped_release no_gil;
    return must(evm_export(key, bytes, inputs, outputs));
  });
  // Model id and program of a key.
  module.def("evm_program", [](const VerificationKey& key) {
    const EvmProgram program = must(evm_program(key));
    return py::make_tuple(to_python(program.model_id), to_python(program.bytes));
  });
  // Why it is none of this key; empty: it is.
  module.def("evm_mismatch",
             [](const VerificationKey& key, const EvmExport& exported) { return must(evm_mismatch(key, exported)); });
  module.def("evm_register_call", [](const py::bytes& program, const std::string& card_uri) {
    return to_python(evm_register_call(view_of(program), card_uri));
  });
  module.def("evm_program_of_call", [](const py::bytes& model_id) {
    return to_python(evm_program_of_call(array_of<Digest>("model_id", model_id)));
  });
  // Name in artifacts.json and key of each contract, in the order of their deployment.
  module.def("evm_contracts", [] {
    py::list out;
    for (const EvmContract& contract : evm_contracts())
      out.append(py::make_tuple(to_text(contract.name), to_text(contract.key)));
    return out;
  });
  // addresses: of the contracts before this one.
  module.def("evm_creation", [](const py::bytes& bytecode, const std::vector<py::bytes>& addresses) {
    std::vector<EvmAddress> before;
    for (const py::bytes& address : addresses) before.push_back(array_of<EvmAddress>("address", address));
    if (before.size() >= evm_contracts().size()) throw py::value_error("more addresses than contracts");
    return to_python(evm_creation(evm_contracts()[before.size()], view_of(bytecode), before));
  });
  module.def("evm_context", [](std::uint64_t chain_id, const py::bytes& verifier, const py::bytes& consumer,
                               const py::bytes& purpose, const py::bytes& nonce) {
    return to_python(evm_context(chain_id, array_of<EvmAddress>("verifier", verifier),
                                 array_of<EvmAddress>("consumer", consumer), array_of<Digest>("purpose", purpose),
                                 array_of<Digest>("nonce", nonce)));
  });
  module.def("evm_verdict", [](const py::bytes& returned) {
    return Verdict{must(evm_verdict(view_of(returned))), ""};
  });
  module.def("evm_is_registered", [](const py::bytes& returned) { return must(evm_is_registered(view_of(returned))); });
  module.def("evm_error_text", [](const py::bytes& reverted) { return evm_error_text(view_of(reverted)); });
  // What the data cost, and the least that a transaction with them pays.
  module.def("evm_data_gas", [](const py::bytes& calldata) {
    const EvmDataGas gas = evm_data_gas(view_of(calldata));
    return py::make_tuple(gas.data, kEvmTransactionGas + gas.floor);
  });
  module.def("evm_fits_transaction", [](const py::bytes& calldata) { return evm_fits_transaction(view_of(calldata)); });
  module.attr("max_evm_transaction_gas") = kMaxEvmTransactionGas;
  module.attr("max_evm_transaction_bytes") = kMaxEvmTransactionBytes;
}

}  // namespace zkinfer::python
