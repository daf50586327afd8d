// SPDX-License-Identifier: Apache-2.0
#include "verifier/key_proof.h"

#include <algorithm>

#include "formats/frame.h"
#include "verifier/cost.h"
#include "verifier/segments.h"

namespace zkinfer::verifier {

Verdict read_slots(const KeyProofKind& kind, ByteView bytes, ByteReader& reader, KeyProofSlots& slots) {
  if (bytes.size() < kFrameBytes) return Verdict::reject(RejectReason::kTruncated, "header");
  Result<ByteReader> opened = open_frame(kind.kind, bytes);
  if (!opened.ok()) return Verdict::reject(RejectReason::kBadHeader, opened.status().message());
  reader = *opened;
  for (std::size_t i = 0; i < kind.num_slots; ++i) slots[i] = reader.u64();
  return Verdict::accept();
}

namespace {

// Parameters, then messages to the end.
Verdict read_rest(ByteReader reader, KeyProofFile& file) {
  ByteReader params_reader(reader.blob(pcs::kMaxParamsBytes));
  if (!reader.ok()) return Verdict::reject(RejectReason::kTruncated, "parameters");
  auto params = pcs::parse_params(params_reader);
  if (!params.ok() || !params_reader.finished()) return Verdict::reject(RejectReason::kBadHeader, "parameters");
  file.params = std::move(params).value();
  file.messages = reader.raw(reader.remaining());
  return Verdict::accept();
}

}  // namespace

Verdict read_key_proof(const KeyProofKind& kind, ByteView bytes, KeyProofFile& file) {
  ByteReader reader({});
  if (Verdict verdict = read_slots(kind, bytes, reader, file.slots); !verdict.accepted()) return verdict;
  return read_rest(reader, file);
}

Verdict verify_key_proofs(const KeyProofKind& kind, const PreparedKey& prepared, ByteView bytes,
                          const VerifyKeyProof& verify, soundness::SoundnessReport* report) {
  KeyProofFile file;
  soundness::SoundnessReport own;
  if (!prepared.key.is_segmented()) {
    Verdict verdict = read_key_proof(kind, bytes, file);
    if (verdict.accepted()) verdict = verify(prepared, 0, file, own);
    if (report != nullptr) *report = std::move(own);
    return verdict;
  }
  ByteReader reader({});
  if (Verdict verdict = read_slots(kind, bytes, reader, file.slots); !verdict.accepted()) return verdict;
  if (reader.u32() != 0) return Verdict::reject(RejectReason::kBadHeader, "it is of a model that is not cut");
  bool is_first = true;
  for (std::size_t i = 0; i < prepared.segments.size(); ++i) {
    const ByteView rest = reader.blob(kMaxSegmentBytes);
    Verdict verdict = reader.ok() ? Verdict::accept() : Verdict::reject(RejectReason::kTruncated, "header");
    if (verdict.accepted() && !prepared.segments[i].key.params.has_model) {
      if (rest.empty()) continue;
      verdict = Verdict::reject(RejectReason::kTrailingBytes, "it has no weights");
    }
    if (verdict.accepted()) verdict = read_rest(ByteReader(rest), file);
    if (verdict.accepted()) verdict = verify(prepared.segments[i], i, file, own);
    if (!verdict.accepted()) {
      verdict.where = statement::segment_name(i, prepared.segments.size()) + ": " + verdict.where;
      return verdict;
    }
    if (report != nullptr && (is_first || own.bits() < report->bits())) *report = own;
    is_first = false;
  }
  if (!reader.finished()) return Verdict::reject(RejectReason::kTrailingBytes, "segments");
  return is_first ? Verdict::reject(RejectReason::kWrongStatement, "the model has no parameters") : Verdict::accept();
}

Digest read_digest(ByteReader& reader) {
  Digest digest{};
  const ByteView bytes = reader.raw(digest.size());
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

Verdict read_rows_head(ByteReader& reader, RowsHead& head) {
  head.num_rows = reader.u64();
  for (Digest* digest : {&head.identity, &head.context}) *digest = read_digest(reader);
  return reader.ok() ? Verdict::accept() : Verdict::reject(RejectReason::kTruncated, "header");
}

Status check_same_weights(const pcs::OpeningParams& own, const pcs::OpeningParams& params, const std::string& name) {
  const bool fits = params.has_model == own.has_model && (!own.has_model || params.model == own.model) &&
                    params.model_budget == own.model_budget &&
                    params.security.zero_knowledge == own.security.zero_knowledge &&
                    params.security.decoding == own.security.decoding;
  return fits ? ok_status() : invalid_argument(name + ": its parameters are for another weight commitment");
}

Verdict check_slot(std::uint64_t slot, const PreparedKey& prepared) {
  if (statement::slot_exists(slot, prepared.key.params.model_budget)) return Verdict::accept();
  return Verdict::reject(RejectReason::kBadHeader, "slot " + std::to_string(slot));
}

Result<PreparedKey> prepare_key_proof(const PreparedKey& prepared, const pcs::OpeningParams& params,
                                      Result<circuit::Circuit> built, std::shared_ptr<relations::RecipeSink> recipes,
                                      const std::string& name, std::uint32_t least_bits, const VerifyCost& spent,
                                      std::uint64_t num_rows) {
  if (!built.ok()) return built.status();
  PreparedKey out;
  out.key = prepared.key;
  out.key.params = params;
  out.num_rows = num_rows;
  out.limits = prepared.limits;
  out.spent = spent;
  out.floor = prepared.floor;
  out.ood_point = prepared.ood_point;  // the commitment's value was taken there
  ZKI_RETURN_IF_ERROR(complete(out, std::move(built).value(), std::move(recipes)));
  if (const Status floor = out.floor.check(out.soundness); !floor.ok()) return floor.with_context(name);
  if (!out.soundness.meets_target() || params.security.bits < least_bits || !out.soundness.hides_enough()) {
    return invalid_argument(name + ": it proves " + std::to_string(out.soundness.bits()) + " bits, the key " +
                            std::to_string(least_bits));
  }
  return out;
}

}  // namespace zkinfer::verifier
