// SPDX-License-Identifier: Apache-2.0
#include "verifier/certificate.h"

#include "soundness/analyze.h"

namespace zkinfer::verifier {

Result<PreparedKey> prepare_certificate(const PreparedKey& prepared, const pcs::OpeningParams& params) {
  const pcs::OpeningParams& own = prepared.key.params;
  if (!params.has_model || params.model != own.model || params.model_budget != own.model_budget ||
      params.security.zero_knowledge != own.security.zero_knowledge ||
      params.security.decoding != own.security.decoding) {
    return invalid_argument("certificate: its parameters are for another weight commitment");
  }
  PreparedKey out;
  out.key = prepared.key;
  out.key.params = params;
  out.limits = prepared.limits;
  out.ood_point = prepared.ood_point;  // the commitment's value was taken there
  ZKI_ASSIGN_OR_RETURN(relations::BuiltCircuit built, relations::build_certificate(out.key.graph));
  ZKI_RETURN_IF_ERROR(complete(out, std::move(built)));
  const soundness::SoundnessReport report = soundness::analyze(params, out.compiled.shape);
  if (!report.meets_target() || params.security.bits < own.security.bits) {
    return invalid_argument("certificate: it proves " + std::to_string(report.bits()) + " bits, the key " +
                            std::to_string(own.security.bits));
  }
  return out;
}

void absorb_certificate_statement(Transcript& transcript, const PreparedKey& prepared, const KeyProofSlots& slots,
                                  const pcs::OpeningParams& params) {
  transcript.absorb_digest("model identity", prepared.key.identity());
  transcript.absorb_u64("slot", slots[0]);
  transcript.absorb_bytes("parameters", params.canonical_bytes());
}

Verdict verify_certificate(const PreparedKey& prepared, ByteView certificate, soundness::SoundnessReport* report) {
  KeyProofFile file;
  if (Verdict verdict = read_key_proof_file(kCertificateKind, certificate, file); !verdict.accepted()) return verdict;
  if (!prepared.key.params.has_model)
    return Verdict::reject(RejectReason::kWrongStatement, "the model has no parameters");
  pcs::OpeningParams params;
  if (Verdict verdict = read_key_proof_params(file, params); !verdict.accepted()) return verdict;
  if (!statement::slot_exists(file.slots[0], prepared.key.params.model_budget))
    return Verdict::reject(RejectReason::kBadHeader, "slot " + std::to_string(file.slots[0]));
  auto key_proof = prepare_certificate(prepared, params);
  if (!key_proof.ok()) return unprepared(key_proof.status());
  if (report != nullptr) *report = soundness::analyze(params, key_proof->compiled.shape);
  Transcript transcript(kCertificateProtocol);
  absorb_certificate_statement(transcript, prepared, file.slots, params);
  return verify_messages(*key_proof, {}, {}, file.messages, transcript);
}

}  // namespace zkinfer::verifier
