// SPDX-License-Identifier: Apache-2.0
#include "verifier/rotation.h"

#include <algorithm>

namespace zkinfer::verifier {

namespace {

// Only hidden weights have a budget to renew.
Status check_keys(const statement::Key& before, const statement::Key& after) {
  for (const statement::Key* key : {&before, &after}) {
    if (!key->params.has_model) return invalid_argument("rotation: the model has no weights");
    if (key->params.model_budget == 0)
      return invalid_argument("rotation: a public model needs none, its key serves any number of proofs");
  }
  if (qir::structure_bytes(before.graph) != qir::structure_bytes(after.graph)) {
    return invalid_argument("rotation: the two keys are for different models");
  }
  return ok_status();
}

}  // namespace

Result<PreparedKey> prepare_rotation(const PreparedKey& before, const PreparedKey& after,
                                     const pcs::OpeningParams& params, std::shared_ptr<relations::RecipeSink> recipes,
                                     const VerifyCost& spent) {
  ZKI_RETURN_IF_ERROR(check_keys(before.key, after.key));
  const pcs::OpeningParams& own = before.key.params;
  const pcs::OpeningParams& other = after.key.params;
  if (!params.has_model || params.model != own.model || params.model_budget != own.model_budget ||
      params.data.size() != 1 || params.data[0] != pcs::TensorOracle{other.model, other.model_budget} ||
      !params.security.zero_knowledge || params.security.decoding != own.security.decoding ||
      params.security.decoding != other.security.decoding) {
    return invalid_argument(
        "rotation: its parameters are for other weight commitments, or another regime of soundness");
  }
  return prepare_key_proof(before, params, relations::build_rotation(before.key.graph, recipes.get()), recipes,
                           "rotation", std::max(own.security.bits, other.security.bits), spent);
}

void absorb_rotation_statement(Transcript& transcript, const PreparedKey& before, const PreparedKey& after,
                               const KeyProofSlots& slots, const pcs::OpeningParams& params) {
  transcript.absorb_digest("model identity", before.key.identity());
  transcript.absorb_digest("new model identity", after.key.identity());
  transcript.absorb_u64("slot", slots[0]);
  transcript.absorb_u64("new slot", slots[1]);
  transcript.absorb_bytes("parameters", params.canonical_bytes());
}

DataPins rotation_pins(const PreparedKey& after) { return {{after.key.commitment, after.ood_point}}; }

Verdict verify_rotation(const PreparedKey& before, const PreparedKey& after, ByteView rotation,
                        soundness::SoundnessReport* report) {
  if (before.key.segments.size() != after.key.segments.size() || before.key.reads != after.key.reads)
    return Verdict::reject(RejectReason::kWrongStatement, "rotation: the two keys are cut in different ways");
  const auto verify_one = [&](const PreparedKey& key, std::size_t segment, KeyProofFile& file,
                              soundness::SoundnessReport& own) {
    const PreparedKey& fresh = after.key.is_segmented() ? after.segments[segment] : after;
    if (Verdict verdict = check_slot(file.slots[0], key); !verdict.accepted()) return verdict;
    if (Verdict verdict = check_slot(file.slots[1], fresh); !verdict.accepted()) return verdict;
    auto key_proof = prepare_rotation(key, fresh, file.params, nullptr, file.spent);
    if (!key_proof.ok()) return unprepared(key_proof.status());
    file.spent.nanoseconds += key_proof->cost.nanoseconds;
    own = key_proof->soundness;
    Transcript transcript(kRotationProtocol);
    absorb_rotation_statement(transcript, key, fresh, file.slots, file.params);
    return verify_messages(*key_proof, {}, rotation_pins(fresh), file.messages, transcript);
  };
  return verify_key_proofs(kRotationKind, before, rotation, verify_one, report);
}

}  // namespace zkinfer::verifier
