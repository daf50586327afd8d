// SPDX-License-Identifier: Apache-2.0
#include "prover/rotate.h"

#include "prover/key_proof_params.h"
#include "prover/witness.h"
#include "prover/write.h"
#include "verifier/rotation.h"

namespace zkinfer::prover {

namespace {

Result<verifier::PreparedKey> prepare(const CommittedModel& before, const CommittedModel& after) {
  const statement::Key& old_key = before.prepared.key;
  const statement::Key& new_key = after.prepared.key;
  if (!(before.weights == after.weights))
    return invalid_argument("rotation: the two commitments hold different weights");
  if (old_key.commitment.root == new_key.commitment.root && old_key.params.model_budget > 0) {
    return invalid_argument("rotation: the new commitment is the old one");
  }
  pcs::OpeningParams params;
  {
    ZKI_ASSIGN_OR_RETURN(const relations::CompiledCircuit compiled, relations::compile_rotation(old_key.graph));
    ZKI_ASSIGN_OR_RETURN(
        params, key_proof_params(old_key.params, compiled, {{new_key.params.model, new_key.params.model_budget}}));
  }
  return verifier::prepare_rotation(before.prepared, after.prepared, params, relations::new_recipes());
}

}  // namespace

Status can_rotate(const CommittedModel& before, const CommittedModel& after) { return prepare(before, after).status(); }

Result<Bytes> rotate(const CommittedModel& before, const CommittedModel& after, const ProveRequest& request) {
  ZKI_ASSIGN_OR_RETURN(const verifier::PreparedKey key_proof, prepare(before, after));
  const pcs::OpeningParams& params = key_proof.key.params;
  ZKI_RETURN_IF_ERROR(request.progress("columns", 0.05));
  circuit::ColumnValues data = fill_columns(before.prepared.key.graph, key_proof.compiled, before.weights, {});
  if (request.hooks != nullptr && request.hooks->columns) request.hooks->columns(data);
  const verifier::KeyProofSlots slots = {request.slot, request.new_slot};
  const auto absorb = [&](Transcript& transcript) {
    verifier::absorb_rotation_statement(transcript, before.prepared, after.prepared, slots, params);
  };
  ProveTimes times;
  const verifier::DataPins pins = verifier::rotation_pins(after.prepared);
  const std::vector<const pcs::CommittedOracle*> data_oracles = {&after.oracle};
  ZKI_ASSIGN_OR_RETURN(const Messages messages,
                       prove_messages(before, {key_proof, verifier::kRotationProtocol, absorb, {}, pins, data_oracles},
                                      std::move(data), request, times));
  ZKI_RETURN_IF_ERROR(request.progress("done", 1.0));
  return key_proof_file(verifier::kRotationKind, slots, params, messages.bytes);
}

}  // namespace zkinfer::prover
