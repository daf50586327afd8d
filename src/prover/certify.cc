// SPDX-License-Identifier: Apache-2.0
#include "prover/certify.h"

#include "prover/key_proof_params.h"
#include "prover/witness.h"
#include "prover/write.h"
#include "verifier/certificate.h"

namespace zkinfer::prover {

Result<Bytes> certify(const CommittedModel& model, const ProveRequest& request) {
  const verifier::PreparedKey& prepared = model.prepared;
  if (!prepared.key.params.has_model)
    return invalid_argument("the model has no parameters, so there is nothing to certify");
  pcs::OpeningParams params;
  {
    ZKI_ASSIGN_OR_RETURN(
        const relations::CompiledCircuit compiled,
        relations::compile_certificate(prepared.key.graph, prepared.key.params.security.zero_knowledge));
    ZKI_ASSIGN_OR_RETURN(params, key_proof_params(prepared.key.params, compiled, {}));
  }
  ZKI_ASSIGN_OR_RETURN(const verifier::PreparedKey key_proof,
                       verifier::prepare_certificate(prepared, params, relations::new_recipes()));
  ZKI_RETURN_IF_ERROR(request.progress("columns", 0.05));
  circuit::ColumnValues data = fill_columns(prepared.key.graph, key_proof.compiled, model.weights, {});
  if (request.hooks != nullptr && request.hooks->columns) request.hooks->columns(data);
  const verifier::KeyProofSlots slots = {request.slot};
  const auto absorb = [&](Transcript& transcript) {
    verifier::absorb_certificate_statement(transcript, prepared, slots, params);
  };
  ProveTimes times;
  ZKI_ASSIGN_OR_RETURN(const Messages messages,
                       prove_messages(model, {key_proof, verifier::kCertificateProtocol, absorb, {}, {}, {}},
                                      std::move(data), request, times));
  ZKI_RETURN_IF_ERROR(request.progress("done", 1.0));
  return key_proof_file(verifier::kCertificateKind, slots, params, messages.bytes);
}

}  // namespace zkinfer::prover
