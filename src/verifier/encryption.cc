// SPDX-License-Identifier: Apache-2.0
#include "verifier/encryption.h"

#include <algorithm>

#include "formats/frame.h"
#include "hash/byte_tree.h"
#include "hash/keccak.h"
#include "verifier/cost.h"

namespace zkinfer::verifier {

namespace {

constexpr std::size_t kNumberBytes = sizeof(std::uint64_t);

void read_names(ByteReader& reader, EncryptionHead& head) {
  for (Digest* digest : {&head.identity, &head.sale, &head.share_digests[0], &head.share_digests[1]})
    *digest = read_digest(reader);
}

// Of a proof.
Verdict read_head(ByteView bytes, ByteReader& reader, EncryptionHead& head, std::uint64_t& chunk_blocks) {
  if (bytes.size() < kFrameBytes) return Verdict::reject(RejectReason::kTruncated, "header");
  Result<ByteReader> opened = open_frame(FileKind::kEncryption, bytes);
  if (!opened.ok()) return Verdict::reject(RejectReason::kBadHeader, opened.status().message());
  reader = *opened;
  read_names(reader, head);
  head.root = read_digest(reader);
  chunk_blocks = reader.u64();
  return reader.ok() ? Verdict::accept() : Verdict::reject(RejectReason::kTruncated, "header");
}

std::uint64_t number_at(ByteView numbers, std::uint64_t i) {
  return ByteReader(numbers.subspan(i * kNumberBytes, kNumberBytes)).u64();
}

}  // namespace

std::uint64_t EncryptionHead::nonce() const {
  const Digest digest = keccak256(sale);
  return ByteReader(digest).u64() & ((std::uint64_t{1} << 56) - 1);
}

Result<SealedWeights> read_sealed(ByteView bytes, std::uint64_t num_numbers) {
  ZKI_ASSIGN_OR_RETURN(ByteReader reader, open_frame(FileKind::kSealedWeights, bytes));
  SealedWeights out;
  read_names(reader, out.head);
  const std::uint64_t count = reader.u64();
  if (!reader.ok()) return corrupt("sealed weights: they end early");
  if (count != num_numbers)
    return corrupt("sealed weights: " + std::to_string(count) + " numbers, the key's model has " +
                   std::to_string(num_numbers));
  if (reader.remaining() / kNumberBytes != count || reader.remaining() % kNumberBytes != 0)
    return corrupt("sealed weights: they end early, or there are bytes after their end");
  out.numbers = reader.raw(reader.remaining());
  for (std::uint64_t i = 0; i < count; ++i) {
    if (number_at(out.numbers, i) >= Fp::kModulus)
      return corrupt("sealed weights: number " + std::to_string(i) + " is no element of the field");
  }
  out.head.root = byte_tree_root(out.numbers, kSealedLeafBytes);
  return out;
}

std::vector<relations::EncryptionChunk> encryption_chunks(std::uint64_t num_numbers, std::uint64_t chunk_blocks,
                                                          std::uint64_t nonce) {
  const std::uint64_t num_blocks = (num_numbers + relations::kStreamNumbers - 1) / relations::kStreamNumbers;
  std::vector<relations::EncryptionChunk> out;
  for (std::uint64_t first = 0; first < num_blocks; first += chunk_blocks)
    out.push_back({nonce, first, std::min(chunk_blocks, num_blocks - first)});
  return out;
}

Result<PreparedKey> prepare_encryption(const PreparedKey& prepared, const relations::EncryptionChunk& chunk,
                                       const pcs::OpeningParams& params, std::shared_ptr<relations::RecipeSink> recipes,
                                       const VerifyCost& spent) {
  const pcs::OpeningParams& own = prepared.key.params;
  ZKI_RETURN_IF_ERROR(check_same_weights(own, params, "encryption"));
  if (!params.data.empty()) return invalid_argument("encryption: its parameters are for committed data");
  PreparedKey base;
  base.key = prepared.key;
  base.key.graph = qir::with_key_shares(prepared.key.graph);
  base.key.visibility = {{Exposure::kPrivate, TensorHash::kSha256}, {}, prepared.key.visibility.public_params, false};
  base.limits = prepared.limits;
  base.floor = prepared.floor;
  base.ood_point = prepared.ood_point;
  return prepare_key_proof(base, params, relations::build_encryption(base.key.graph, chunk, recipes.get()), recipes,
                           "encryption", own.security.bits, spent);
}

void absorb_encryption(Transcript& transcript, const PreparedKey& chunk_key, const EncryptionHead& head,
                       const relations::EncryptionChunk& chunk, std::uint64_t slot) {
  transcript.absorb_bytes("parameters", chunk_key.key.params.canonical_bytes());
  transcript.absorb_digest("model identity", head.identity);
  transcript.absorb_digest("sale", head.sale);
  for (const Digest& digest : head.share_digests) transcript.absorb_digest("share digest", digest);
  transcript.absorb_digest("ciphertext root", head.root);
  transcript.absorb_u64("first block", chunk.first_block);
  transcript.absorb_u64("blocks", chunk.num_blocks);
  transcript.absorb_u64("slot", slot);
}

statement::PublicValues encryption_tensors(const PreparedKey& chunk_key, const EncryptionHead& head,
                                           const relations::EncryptionChunk& chunk, ByteView numbers) {
  statement::PublicValues out;
  std::uint64_t next = chunk.first_block * relations::kStreamNumbers;
  for (const std::uint64_t size : relations::encrypted_sizes(chunk_key.key.graph, chunk)) {
    std::vector<std::int64_t>& values = out.emplace_back();
    values.reserve(size);
    for (const std::uint64_t end = next + size; next < end; ++next)
      values.push_back(Fp(number_at(numbers, next)).to_int());
  }
  for (const Digest& digest : head.share_digests) out.push_back(statement::digest_words(digest));
  return out;
}

std::optional<EncryptionHead> encryption_head(ByteView proof) {
  ByteReader reader({});
  EncryptionHead head;
  std::uint64_t chunk_blocks = 0;
  return read_head(proof, reader, head, chunk_blocks).accepted() ? std::optional(head) : std::nullopt;
}

Verdict verify_encryption(const PreparedKey& prepared, ByteView sealed, ByteView proof, Encryption& encryption) {
  const auto wrong = [](const std::string& where) { return Verdict::reject(RejectReason::kWrongStatement, where); };
  if (prepared.key.is_segmented()) return wrong("encryption: a model that is cut into segments has none");
  if (!prepared.key.params.has_model) return wrong("encryption: the model has no parameters");
  if (!prepared.key.params.security.zero_knowledge) return wrong("encryption: the key's proofs hide nothing");
  ByteReader reader({});
  EncryptionHead& head = encryption.head;
  std::uint64_t chunk_blocks = 0;
  if (Verdict verdict = read_head(proof, reader, head, chunk_blocks); !verdict.accepted()) return verdict;
  if (head.identity != prepared.identity) return wrong("model identity: the encryption was made under another key");
  const std::uint64_t num_numbers = qir::packing_of(prepared.key.graph).num_numbers;
  VerifyCost spent = number_cost(num_numbers);
  if (const Status status = check_cost(spent, prepared.limits); !status.ok()) return unprepared(status);
  const Result<SealedWeights> read = read_sealed(sealed, num_numbers);
  if (!read.ok()) return Verdict::reject(RejectReason::kBadPublicValue, read.status().message());
  if (read->head != head) return wrong("sealed weights: the proof is about others");
  if (chunk_blocks < 1 || chunk_blocks > relations::kMaxAxis)
    return Verdict::reject(RejectReason::kBadHeader, "chunks of " + std::to_string(chunk_blocks) + " blocks");
  // What all chunks cost is counted before any of them is checked.
  struct Chunk {
    relations::EncryptionChunk at;
    std::uint64_t slot = 0;
    PreparedKey key;
    ByteView messages;
  };
  std::vector<Chunk> chunks;
  for (const relations::EncryptionChunk& at : encryption_chunks(num_numbers, chunk_blocks, head.nonce())) {
    const std::string where = "chunk " + std::to_string(chunks.size());
    Chunk chunk;
    chunk.at = at;
    chunk.slot = reader.u64();
    ByteReader params_reader(reader.blob(pcs::kMaxParamsBytes));
    chunk.messages = reader.blob(kMaxProofBytes);
    if (!reader.ok()) return Verdict::reject(RejectReason::kTruncated, where);
    const auto params = pcs::parse_params(params_reader);
    if (!params.ok() || !params_reader.finished())
      return Verdict::reject(RejectReason::kBadHeader, where + ": parameters");
    if (Verdict verdict = check_slot(chunk.slot, prepared); !verdict.accepted()) return verdict;
    auto key = prepare_encryption(prepared, at, *params, nullptr, spent);
    if (!key.ok()) return unprepared(key.status());
    spent.nanoseconds += key->cost.nanoseconds;
    spent.memory_bytes += key->cost.memory_bytes;
    if (chunks.empty() || key->soundness.bits() < encryption.soundness.bits()) encryption.soundness = key->soundness;
    chunk.key = std::move(key).value();
    chunks.push_back(std::move(chunk));
  }
  if (!reader.finished()) return Verdict::reject(RejectReason::kTrailingBytes, "behind the last chunk");
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const Chunk& chunk = chunks[i];
    Transcript transcript(kEncryptionProtocol);
    absorb_encryption(transcript, chunk.key, head, chunk.at, chunk.slot);
    Verdict verdict = verify_messages(chunk.key, encryption_tensors(chunk.key, head, chunk.at, read->numbers), {},
                                      chunk.messages, transcript);
    if (!verdict.accepted()) {
      verdict.where = "chunk " + std::to_string(i) + ": " + verdict.where;
      return verdict;
    }
    encryption.slots.push_back(chunk.slot);
  }
  return Verdict::accept();
}

}  // namespace zkinfer::verifier
