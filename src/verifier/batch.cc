// SPDX-License-Identifier: Apache-2.0
#include "verifier/batch.h"

namespace zkinfer::verifier {

Result<PreparedKey> prepare_batch(const PreparedKey& prepared, const pcs::OpeningParams& params, std::uint64_t num_rows,
                                  std::shared_ptr<relations::RecipeSink> recipes) {
  const statement::Key& key = prepared.key;
  const pcs::OpeningParams& own = key.params;
  ZKI_RETURN_IF_ERROR(check_same_weights(own, params, "batch"));
  bool fits = params.data.size() == own.data.size();
  for (std::size_t i = 0; fits && i < own.data.size(); ++i) fits = params.data[i].budget == own.data[i].budget;
  if (!fits) return invalid_argument("batch: its parameters are for another weight commitment");
  return prepare_key_proof(
      prepared, params,
      relations::build_batch(key.graph, key.visibility, num_rows, prepared.limits.memory_bytes, recipes.get()), recipes,
      "batch", own.security.bits, {}, num_rows);
}

void absorb_batch_statement(Transcript& transcript, const PreparedKey& prepared, const pcs::OpeningParams& params,
                            const statement::Header& header) {
  transcript.absorb_u64("rows", header.data.num_rows);
  transcript.absorb_bytes("parameters", params.canonical_bytes());
  statement::absorb_statement(transcript, prepared.key.identity(), prepared.key, header.context, header.slot,
                              header.data);
}

std::optional<BatchHead> batch_head(ByteView batch) {
  KeyProofFile file;
  RowsHead head;
  if (!read_key_proof(kBatchKind, batch, file).accepted()) return std::nullopt;
  ByteReader reader(file.messages);
  return read_rows_head(reader, head).accepted() ? std::optional(BatchHead{head.identity, head.num_rows})
                                                 : std::nullopt;
}

Verdict verify_batch(const PreparedKey& prepared, ByteView batch, const statement::PublicValues& beside,
                     statement::Header* out, BatchAnalysis* analysis) {
  if (prepared.key.is_segmented())
    return Verdict::reject(RejectReason::kWrongStatement, "batch: a model that is cut into segments has none");
  statement::Header local;
  statement::Header& header = out != nullptr ? *out : local;
  header = {};
  KeyProofFile file;
  if (Verdict verdict = read_key_proof(kBatchKind, batch, file); !verdict.accepted()) return verdict;
  ByteReader reader(file.messages);
  RowsHead head;
  if (Verdict verdict = read_rows_head(reader, head); !verdict.accepted()) return verdict;
  if (head.identity != prepared.identity)
    return Verdict::reject(RejectReason::kWrongStatement, "model identity: the batch was made under another key");
  if (Verdict verdict = check_slot(file.slots[0], prepared); !verdict.accepted()) return verdict;
  header.slot = file.slots[0];
  header.context = head.context;
  // Before anything is made of their number: there is the public data of all rows.
  const std::size_t row_bytes = statement::row_bytes(prepared.key.graph, prepared.key.visibility);
  if (row_bytes > 0 && head.num_rows > reader.remaining() / row_bytes)
    return Verdict::reject(RejectReason::kTruncated, "public data of " + std::to_string(head.num_rows) + " rows");
  const auto key_proof = prepare_batch(prepared, file.params, head.num_rows);
  if (!key_proof.ok()) return unprepared(key_proof.status());
  if (analysis != nullptr) *analysis = {file.params, key_proof->soundness};
  if (Verdict verdict = read_public_data(*key_proof, reader, beside, header); !verdict.accepted()) return verdict;
  header.num_bytes = batch.size() - reader.remaining();
  Transcript transcript(kBatchProtocol);
  absorb_batch_statement(transcript, prepared, file.params, header);
  return verify_messages(*key_proof, statement::tensor_values(prepared.key.graph, prepared.key.visibility, header.data),
                         data_pins(*key_proof, header.data.commitments), batch.subspan(header.num_bytes), transcript);
}

}  // namespace zkinfer::verifier
