// SPDX-License-Identifier: Apache-2.0
// zkinfer/sealed.h and zkinfer/seal.h: a model's weights, encrypted, their check, and the model again.
#include "zkinfer/seal.h"

#include <algorithm>

#include "zkinfer/prove.h"

#include "native.h"
#include "work.h"

namespace zkinfer::python {

namespace {

using SharedProver = std::shared_ptr<Prover>;

py::object share_of(const std::optional<KeyShare>& share) {
  if (!share.has_value()) return py::none();
  return py::bytes(reinterpret_cast<const char*>(share->data()), share->size());
}

// Of 30 bytes each, or None.
KeyShares shares_of(const py::object& k1, const py::object& k2) {
  KeyShares out;
  for (const auto& [given, share] : {std::pair(&k1, &out.k1), std::pair(&k2, &out.k2)}) {
    if (given->is_none()) continue;
    const Bytes bytes = bytes_of(py::bytes(*given));
    if (bytes.size() != sizeof(KeyShare)) throw py::value_error("a key share has 30 bytes");
    std::ranges::copy(bytes, share->emplace().begin());
  }
  return out;
}

}  // namespace

void bind_seal(py::module_& module) {
  py::class_<SealedResult, VerifySummary>(module, "SealedResult")
      .def_property_readonly("c1", [](const SealedResult& result) { return to_python(result.info.c1); })
      .def_property_readonly("c2", [](const SealedResult& result) { return to_python(result.info.c2); })
      .def_property_readonly("ciphertext_root", [](const SealedResult& result) { return to_python(result.info.root); })
      .def_readonly("slots", &SealedResult::slots);
  module.def("seal_chunks", [](const SharedProver& prover) { return must(prover->seal_chunks({})); });
  // Ciphertext, proof, the two shares.
  module.def("seal", [](const SharedProver& prover, const py::bytes& sale, const py::object& progress) {
    const SealedModel made = run<SealedModel>(progress, [=, bound = bytes_of(sale)](const Progress& report) {
      SealRequest request;
      request.sale = bound;
      request.progress = report;
      return prover->seal(request);
    });
    return py::make_tuple(to_python(made.sealed), to_python(made.proof), share_of(made.shares.k1),
                          share_of(made.shares.k2));
  });
  module.def("verify_sealed", [](const VerificationKey& key, const py::bytes& sealed, const py::bytes& proof,
                                 const VerifyRequest& request) {
    const ByteView ciphertext = view_of(sealed), bytes = view_of(proof);
    const py::gil_scoped_release no_gil;
    return verify_sealed(key, ciphertext, bytes, request);
  });
  module.def("unseal",
             [](const VerificationKey& key, const py::bytes& sealed, const py::object& k1, const py::object& k2) {
               const KeyShares shares = shares_of(k1, k2);
               const ByteView ciphertext = view_of(sealed);
               const py::gil_scoped_release no_gil;
               return must(unseal(key, ciphertext, shares));
             });
  module.def("key_shares_to_bytes",
             [](const py::object& k1, const py::object& k2) { return to_python(shares_of(k1, k2).to_bytes()); });
  module.def("key_shares_from_bytes", [](const py::bytes& bytes) {
    const KeyShares shares = must(KeyShares::from_bytes(view_of(bytes)));
    return py::make_tuple(share_of(shares.k1), share_of(shares.k2));
  });
}

}  // namespace zkinfer::python
