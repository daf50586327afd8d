// SPDX-License-Identifier: Apache-2.0
#include "prover/write.h"

#include "base/check.h"
#include "formats/frame.h"

namespace zkinfer::prover {

Bytes key_bytes(const statement::Key& key) {
  ByteWriter writer;
  write_frame(writer, FileKind::kKey);
  writer.u32(key.flags());
  if (key.is_segmented()) {
    writer.u32(static_cast<std::uint32_t>(key.segments.size()));
    for (std::size_t i = 0; i < key.segments.size(); ++i) {
      writer.blob(key_bytes(key.segments[i]));
      for (const std::uint32_t boundary : key.reads[i]) writer.u32(boundary);
    }
    return std::move(writer).take();
  }
  writer.blob(qir::structure_bytes(key.graph));
  writer.blob(key.params.canonical_bytes());
  key.commitment.write(writer);
  return std::move(writer).take();
}

namespace {

void write_public_data(ByteWriter& writer, const statement::Key& key, const statement::PublicIo& data) {
  for (const std::vector<std::int64_t>* values : statement::values_in_proof(key, data.values)) {
    for (const std::int64_t x : *values) writer.i64(x);
  }
  for (const Digest& digest : data.digests) writer.raw(digest);
  for (const statement::Commitment& commitment : data.commitments) commitment.write(writer);
}

}  // namespace

Bytes header_bytes(const statement::Key& key, ByteView context, std::uint64_t slot, const statement::PublicIo& data) {
  ZKI_CHECK_EQ(context.size(), statement::kContextBytes, "the context is padded to 32 bytes");
  ByteWriter writer;
  write_frame(writer, FileKind::kProof);
  writer.u32(statement::header_flags(key));
  writer.raw(key.identity());
  writer.raw(context);
  writer.u64(slot);
  write_public_data(writer, key, data);
  ZKI_CHECK_EQ(writer.bytes().size(), statement::header_size(key.graph, key.visibility),
               "what the visibility asks for");
  return std::move(writer).take();
}

Bytes key_proof_file(const verifier::KeyProofKind& kind, const verifier::KeyProofSlots& slots,
                     const pcs::OpeningParams& params, ByteView messages) {
  ByteWriter writer;
  write_frame(writer, kind.kind);
  for (std::size_t i = 0; i < kind.num_slots; ++i) writer.u64(slots[i]);
  writer.blob(params.canonical_bytes());
  writer.raw(messages);
  return std::move(writer).take();
}

Bytes key_proof_list(const verifier::KeyProofKind& kind, const verifier::KeyProofSlots& slots,
                     const std::vector<Bytes>& segments) {
  const std::size_t head = kFrameBytes + sizeof(std::uint64_t) * kind.num_slots;
  ByteWriter writer;
  write_frame(writer, kind.kind);
  for (std::size_t i = 0; i < kind.num_slots; ++i) writer.u64(slots[i]);
  writer.u32(0);
  for (const Bytes& segment : segments) writer.blob(segment.empty() ? ByteView() : ByteView(segment).subspan(head));
  return std::move(writer).take();
}

Bytes batch_file(const verifier::PreparedKey& prepared, const pcs::OpeningParams& params,
                 const statement::Header& header, ByteView messages) {
  ByteWriter rest;
  rest.u64(header.data.num_rows);
  rest.raw(prepared.identity);
  rest.raw(header.context);
  write_public_data(rest, prepared.key, header.data);
  rest.raw(messages);
  return key_proof_file(verifier::kBatchKind, {header.slot}, params, rest.bytes());
}

Bytes evaluation_head_bytes(const verifier::EvaluationHead& head, const std::vector<pcs::OpeningParams>& params) {
  ByteWriter writer;
  write_frame(writer, FileKind::kEvaluation);
  for (const Digest* digest : {&head.identity, &head.context, &head.data_set}) writer.raw(*digest);
  writer.u32(static_cast<std::uint32_t>(head.metric.kind));
  for (const std::uint32_t number : {head.metric.output, head.metric.num_groups, head.metric.k}) writer.u32(number);
  writer.u32(head.is_joined ? 1 : 0);
  for (const std::uint64_t number : {head.num_rows, head.chunk_rows, head.set_rows}) writer.u64(number);
  writer.raw(head.nonce);
  for (const pcs::OpeningParams& one : params) writer.blob(one.canonical_bytes());
  return std::move(writer).take();
}

Bytes chunk_bytes(const relations::ChunkShape& shape, const verifier::ChunkClaims& claims, ByteView messages) {
  ByteWriter writer;
  writer.u64(claims.slot);
  if (shape.gives) claims.totals.front().write(writer);
  for (const std::uint64_t number : claims.numbers) writer.u64(number);
  writer.blob(messages);
  return std::move(writer).take();
}

Bytes joint_file(const verifier::RowsHead& head, std::uint64_t slot, const pcs::OpeningParams& params,
                 ByteView messages) {
  ByteWriter rest;
  rest.u64(head.num_rows);
  rest.raw(head.identity);
  rest.raw(head.context);
  rest.raw(messages);
  return key_proof_file(verifier::kJointKind, {slot}, params, rest.bytes());
}

namespace {

void write_names(ByteWriter& writer, const verifier::EncryptionHead& head) {
  for (const Digest* digest : {&head.identity, &head.sale, &head.share_digests[0], &head.share_digests[1]})
    writer.raw(*digest);
}

}  // namespace

Bytes sealed_bytes(const verifier::EncryptionHead& head, ByteView numbers) {
  ByteWriter writer;
  write_frame(writer, FileKind::kSealedWeights);
  write_names(writer, head);
  writer.u64(numbers.size() / sizeof(std::uint64_t));
  writer.raw(numbers);
  return std::move(writer).take();
}

Bytes encryption_head_bytes(const verifier::EncryptionHead& head, std::uint64_t chunk_blocks) {
  ByteWriter writer;
  write_frame(writer, FileKind::kEncryption);
  write_names(writer, head);
  writer.raw(head.root);
  writer.u64(chunk_blocks);
  return std::move(writer).take();
}

Bytes encryption_chunk_bytes(std::uint64_t slot, const pcs::OpeningParams& params, ByteView messages) {
  ByteWriter writer;
  writer.u64(slot);
  writer.blob(params.canonical_bytes());
  writer.blob(messages);
  return std::move(writer).take();
}

Bytes path_bytes(const verifier::Path& path) {
  ByteWriter writer;
  write_frame(writer, FileKind::kPath);
  writer.raw(path.root_identity);
  writer.u8(static_cast<std::uint8_t>(path.steps.size()));
  for (const verifier::PathStep& step : path.steps) {
    const auto write = [&](const auto& one) {
      writer.blob(one.params.canonical_bytes());
      one.commitment.write(writer);
    };
    if (step.segments.empty()) {
      write(step);
    } else {
      writer.u32(0);
      writer.u32(static_cast<std::uint32_t>(step.segments.size()));
      for (const verifier::PathStep::Segment& segment : step.segments) write(segment);
    }
    writer.blob(step.rotation);
  }
  return std::move(writer).take();
}

}  // namespace zkinfer::prover
