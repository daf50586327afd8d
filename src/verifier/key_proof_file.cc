// SPDX-License-Identifier: Apache-2.0
#include "verifier/key_proof_file.h"

#include "formats/frame.h"

#include <string>

namespace zkinfer::verifier {

Bytes key_proof_file(const KeyProofKind& kind, const KeyProofSlots& slots, const pcs::OpeningParams& params,
                     ByteView messages) {
  ByteWriter writer;
  write_frame(writer, kind.kind);
  for (std::size_t i = 0; i < kind.num_slots; ++i) writer.u64(slots[i]);
  writer.blob(params.canonical_bytes());
  writer.raw(messages);
  return std::move(writer).take();
}

Verdict read_key_proof_file(const KeyProofKind& kind, ByteView bytes, KeyProofFile& file) {
  if (bytes.size() < kFrameBytes) return Verdict::reject(RejectReason::kTruncated, "header");
  Result<ByteReader> opened = open_frame(kind.kind, bytes);
  if (!opened.ok()) return Verdict::reject(RejectReason::kBadHeader, opened.status().message());
  ByteReader reader = *opened;
  for (std::size_t i = 0; i < kind.num_slots; ++i) file.slots[i] = reader.u64();
  file.params = reader.blob(pcs::kMaxParamsBytes);
  if (!reader.ok()) return Verdict::reject(RejectReason::kTruncated, "parameters");
  file.messages = bytes.subspan(reader.offset());
  return Verdict::accept();
}

Verdict read_key_proof_params(const KeyProofFile& file, pcs::OpeningParams& params) {
  ByteReader reader(file.params);
  auto parsed = pcs::parse_params(reader);
  if (!parsed.ok() || !reader.finished()) return Verdict::reject(RejectReason::kBadHeader, "parameters");
  params = std::move(parsed).value();
  return Verdict::accept();
}

}  // namespace zkinfer::verifier
