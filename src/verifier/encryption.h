// SPDX-License-Identifier: Apache-2.0
// An encryption: a ciphertext holds the parameters of a committed model, under a key whose two shares have these SHA-256 digests
// (relations/encryption.h). Long ones are proven in chunks, each of which takes one of the commitment's budgeted proofs. What it says is of
// use with the certificate only: a parameter outside of its range would not be read back as it is. Byte grammars: docs/formats/sealed.md,
// encryption.md.
#pragma once

#include "qir/packing.h"
#include "verifier/key_proof.h"

namespace zkinfer::verifier {

inline constexpr const char* kEncryptionProtocol = "zkinfer encryption v1";
inline constexpr std::size_t kSealedLeafBytes = std::size_t{1} << 16;

// What ciphertext and proof both say.
struct EncryptionHead {
  Digest identity{}, sale{};
  std::array<Digest, 2> share_digests{};  // SHA-256 of the shares
  Digest root{};                          // byte_tree_root of the ciphertext's numbers, in leaves of kSealedLeafBytes

  // The first seven bytes of the sale's Keccak-256, little-endian.
  std::uint64_t nonce() const;
  friend bool operator==(const EncryptionHead&, const EncryptionHead&) = default;
};

struct SealedWeights {
  EncryptionHead head;  // root: as computed
  ByteView numbers;     // of eight bytes each, little-endian, below p; in the bytes that were read
  std::uint64_t num_numbers() const { return numbers.size() / sizeof(std::uint64_t); }
};
// Total. corrupt. num_numbers: as many as the structure's packing has, which is looked at before anything is hashed.
Result<SealedWeights> read_sealed(ByteView bytes, std::uint64_t num_numbers);

// Chunks of so many blocks, but perhaps the last, of so many numbers.
std::vector<relations::EncryptionChunk> encryption_chunks(std::uint64_t num_numbers, std::uint64_t chunk_blocks,
                                                          std::uint64_t nonce);

// The key under the circuit of a chunk and these parameters, whose M must be the key's. spent: PreparedKey's.
Result<PreparedKey> prepare_encryption(const PreparedKey& prepared, const relations::EncryptionChunk& chunk,
                                       const pcs::OpeningParams& params,
                                       std::shared_ptr<relations::RecipeSink> recipes = nullptr,
                                       const VerifyCost& spent = {});
// Step 0 of a chunk. chunk_key: prepare_encryption's.
void absorb_encryption(Transcript& transcript, const PreparedKey& chunk_key, const EncryptionHead& head,
                       const relations::EncryptionChunk& chunk, std::uint64_t slot);
// The public tensors of its circuit.
statement::PublicValues encryption_tensors(const PreparedKey& chunk_key, const EncryptionHead& head,
                                           const relations::EncryptionChunk& chunk, ByteView numbers);

struct Encryption {
  EncryptionHead head;
  std::vector<std::uint64_t> slots;  // of the chunks
  soundness::SoundnessReport soundness;
};
// Total on arbitrary bytes. encryption: whole only if accepted.
Verdict verify_encryption(const PreparedKey& prepared, ByteView sealed, ByteView proof, Encryption& encryption);

// What a proof says of itself, checked by nobody; none if the bytes do not begin like one.
std::optional<EncryptionHead> encryption_head(ByteView proof);

}  // namespace zkinfer::verifier
