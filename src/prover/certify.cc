// SPDX-License-Identifier: Apache-2.0
#include "prover/certify.h"

#include "prover/witness.h"
#include "soundness/choose_params.h"
#include "verifier/certificate.h"

namespace zkinfer::prover {

namespace {

// Opening parameters of the certificate: M is the one that is committed, W has its own size.
Result<pcs::OpeningParams> choose(const CommittedModel& model, const relations::CompiledCircuit& compiled) {
  const pcs::OpeningParams& own = model.prepared.key.params;
  soundness::ParamRequest request;
  request.security_bits = own.security_bits;
  request.regime = own.regime;
  request.zero_knowledge = own.zero_knowledge;
  request.pow_bits = own.pow_bits;
  request.witness_elements = compiled.num_elements(circuit::Oracle::kWitness);
  request.witness_rows = [&compiled](int log_lanes) {
    return circuit::place_columns(compiled.circuit, circuit::Oracle::kWitness, log_lanes).num_rows;
  };
  request.model_elements = compiled.num_elements(circuit::Oracle::kModel);
  request.model_rows = [&own](int) { return own.model.num_rows; };
  request.fixed_model = own.model;
  request.model_budget = own.model_budget;
  request.shape = compiled.shape;
  return soundness::choose_params(request);
}

}  // namespace

Result<Bytes> certify(const CommittedModel& model, const ProveRequest& request) {
  const verifier::PreparedKey& prepared = model.prepared;
  if (!prepared.key.params.has_model) return invalid_argument("the model has no parameters, so there is nothing to certify");
  pcs::OpeningParams params;
  {
    ZKI_ASSIGN_OR_RETURN(const relations::CompiledCircuit compiled,
                         relations::compile_certificate(prepared.key.graph, prepared.key.params.zero_knowledge));
    ZKI_ASSIGN_OR_RETURN(params, choose(model, compiled));
  }
  ZKI_ASSIGN_OR_RETURN(const verifier::PreparedKey variant, verifier::prepare_certificate(prepared, params));
  if (request.progress) request.progress("columns", 0.05);
  circuit::ColumnData data = fill_columns(prepared.key.graph, variant.compiled, model.params, {});
  if (request.hooks != nullptr && request.hooks->columns) request.hooks->columns(data);
  const auto absorb = [&](Transcript& transcript) { verifier::absorb_certificate_statement(transcript, prepared, params); };
  ProveTimes times;
  const Messages messages =
      prove_messages(model, {variant, verifier::kCertificateProtocol, absorb, {}, {}, {}}, std::move(data), request, times);
  ByteWriter writer;
  writer.u32(verifier::kCertificateMagic);
  writer.u32(verifier::kCertificateVersion);
  writer.blob(params.canonical_bytes());
  writer.raw(messages.bytes);
  if (request.progress) request.progress("done", 1.0);
  return std::move(writer).take();
}

}  // namespace zkinfer::prover
