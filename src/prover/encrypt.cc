// SPDX-License-Identifier: Apache-2.0
#include "prover/encrypt.h"

#include "prover/key_proof_params.h"
#include "prover/witness.h"

namespace zkinfer::prover {

namespace {

// A chunk of that many blocks has 2^23.2 elements of W: more of them take memory, fewer leave the weights' opening to fewer.
constexpr std::uint64_t kChunkBlocks = std::uint64_t{1} << 14;

}  // namespace

Status can_encrypt(const statement::Key& key) {
  if (key.is_segmented())
    return unsupported(
        "sealing a model that is cut into segments; compile it without CutOptions::num_segments and "
        "CutOptions::memory_bytes");
  if (!key.params.has_model) return invalid_argument("the model has no parameters, so there is nothing to seal");
  if (key.visibility.public_params)
    return invalid_argument(
        "the model's parameters are public: whoever has the key may have them; there is nothing to seal");
  return ok_status();
}

std::uint64_t usual_chunk(std::uint64_t num_numbers) {
  const std::uint64_t num_blocks = (num_numbers + relations::kStreamNumbers - 1) / relations::kStreamNumbers;
  const std::uint64_t num_chunks = (num_blocks + kChunkBlocks - 1) / kChunkBlocks;
  return (num_blocks + num_chunks - 1) / num_chunks;
}

Result<EncryptionPlan> plan_encryption(const CommittedModel& model, const relations::EncryptionChunk& chunk) {
  const statement::Key& key = model.prepared.key;
  pcs::OpeningParams params;
  {
    ZKI_ASSIGN_OR_RETURN(
        const relations::CompiledCircuit compiled,
        relations::compile_encryption(qir::with_key_shares(key.graph), chunk, key.params.security.zero_knowledge));
    // Nobody but the buyer looks at it, once: bytes are cheap here, whatever the key's proofs prefer.
    pcs::OpeningParams own = key.params;
    own.security.profile = Profile::kFast;
    ZKI_ASSIGN_OR_RETURN(params, key_proof_params(own, compiled, {}));
  }
  EncryptionPlan plan;
  plan.chunk = chunk;
  ZKI_ASSIGN_OR_RETURN(plan.prepared,
                       verifier::prepare_encryption(model.prepared, chunk, params, relations::new_recipes()));
  return plan;
}

Result<Bytes> prove_encryption(const CommittedModel& model, const EncryptionPlan& plan,
                               const verifier::EncryptionHead& head, ByteView numbers, const KeyShares& shares,
                               const ProveRequest& request) {
  ZKI_RETURN_IF_ERROR(request.progress("columns", 0.0));
  const qir::QGraph& graph = plan.prepared.key.graph;
  exec_integer::Witness values;
  values.values.resize(graph.values.size());
  for (std::size_t i = 0; i < shares.size(); ++i)
    values.values[graph.inputs[i]].assign(shares[i].begin(), shares[i].end());
  circuit::ColumnValues data = fill_columns(graph, plan.prepared.compiled, model.weights, values);
  KeystreamColumns stream = keystream_columns(shares, plan.chunk);
  for (std::size_t id = 0; id < data.size(); ++id) {
    const relations::Recipe& recipe = relations::recipe_of(plan.prepared.compiled, id);
    if (recipe.kind == relations::Recipe::Kind::kKeystream)
      data[id] = std::move(stream.columns[static_cast<std::size_t>(recipe.keystream)]);
  }
  if (request.hooks != nullptr && request.hooks->columns) request.hooks->columns(data);
  const auto absorb = [&](Transcript& transcript) {
    verifier::absorb_encryption(transcript, plan.prepared, head, plan.chunk, request.slot);
  };
  const statement::PublicValues tensors = verifier::encryption_tensors(plan.prepared, head, plan.chunk, numbers);
  ProveTimes times;
  ZKI_ASSIGN_OR_RETURN(Messages messages,
                       prove_messages(model, {plan.prepared, verifier::kEncryptionProtocol, absorb, tensors, {}, {}},
                                      std::move(data), request, times));
  return std::move(messages.bytes);
}

}  // namespace zkinfer::prover
