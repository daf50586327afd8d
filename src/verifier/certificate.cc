// SPDX-License-Identifier: Apache-2.0
#include "verifier/certificate.h"

namespace zkinfer::verifier {

Result<PreparedKey> prepare_certificate(const PreparedKey& prepared, const pcs::OpeningParams& params,
                                        std::shared_ptr<relations::RecipeSink> recipes, const VerifyCost& spent) {
  const pcs::OpeningParams& own = prepared.key.params;
  if (!params.has_model || params.model != own.model || params.model_budget != own.model_budget ||
      params.security.zero_knowledge != own.security.zero_knowledge ||
      params.security.decoding != own.security.decoding) {
    return invalid_argument("certificate: its parameters are for another weight commitment");
  }
  return prepare_key_proof(prepared, params, relations::build_certificate(prepared.key.graph, recipes.get()), recipes,
                           "certificate", own.security.bits, spent);
}

void absorb_certificate_statement(Transcript& transcript, const PreparedKey& prepared, const KeyProofSlots& slots,
                                  const pcs::OpeningParams& params) {
  transcript.absorb_digest("model identity", prepared.key.identity());
  transcript.absorb_u64("slot", slots[0]);
  transcript.absorb_bytes("parameters", params.canonical_bytes());
}

Verdict verify_certificate(const PreparedKey& prepared, ByteView certificate, soundness::SoundnessReport* report) {
  const auto verify_one = [](const PreparedKey& key, std::size_t, KeyProofFile& file, soundness::SoundnessReport& own) {
    if (!key.key.params.has_model) return Verdict::reject(RejectReason::kWrongStatement, "the model has no parameters");
    if (Verdict verdict = check_slot(file.slots[0], key); !verdict.accepted()) return verdict;
    auto key_proof = prepare_certificate(key, file.params, nullptr, file.spent);
    if (!key_proof.ok()) return unprepared(key_proof.status());
    file.spent.nanoseconds += key_proof->cost.nanoseconds;
    own = key_proof->soundness;
    Transcript transcript(kCertificateProtocol);
    absorb_certificate_statement(transcript, key, file.slots, file.params);
    return verify_messages(*key_proof, {}, {}, file.messages, transcript);
  };
  return verify_key_proofs(kCertificateKind, prepared, certificate, verify_one, report);
}

}  // namespace zkinfer::verifier
