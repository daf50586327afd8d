// SPDX-License-Identifier: Apache-2.0
// What a proof is about: the verification key and the public values. Byte grammars: docs/formats/key.md, proof.md.
#pragma once

#include <cstdint>
#include <vector>

#include "commit/pcs/params.h"
#include "field/fe.h"
#include "qir/visibility.h"
#include "transcript/transcript.h"

namespace zkinfer::statement {

inline constexpr std::size_t kContextBytes = 32;

// A commitment that outlives a proof, to a model's parameters (M) or to an input or output (D): the oracle's root and the
// out-of-domain value v = sum_j z^j e_j at a point z that the root determines. v makes the committed vector unique
// although a root may be close to several code words (docs/protocol.md, "Model value").
struct Commitment {
  Digest root{};
  Fe ood_value;

  void write(ByteWriter& out) const;
  friend bool operator==(const Commitment&, const Commitment&) = default;
};
inline constexpr std::size_t kCommitmentBytes = 32 + 24;
// Fails the reader on limbs that are not below p.
Commitment read_commitment(ByteReader& reader);

inline constexpr std::uint32_t kInsecureSeedFlag = 1u << 16;
inline constexpr std::uint32_t kSegmentedFlag = 1u << 17;

// Of a model that is cut into segments (segments.h): their keys. Then graph holds inputs and outputs of the whole alone, params what
// the whole says of itself (security, budget, the data oracles of its inputs and outputs), and there is no commitment.
struct Key {
  qir::QGraph graph;  // structure only
  qir::Visibility visibility;
  pcs::OpeningParams params;
  Commitment commitment;
  // Made with a fixed seed, by a test or a benchmark: hides nothing from whoever knows the seed.
  bool insecure_seed = false;
  std::vector<Key> segments;                      // in the order of the program; none: not cut
  std::vector<std::vector<std::uint32_t>> reads;  // [segment][input]: which boundary it is; none for the first

  bool is_segmented() const { return !segments.empty(); }
  // Visibility::bits() and the flags.
  std::uint32_t flags() const {
    return visibility.bits() | (insecure_seed ? kInsecureSeedFlag : 0) | (is_segmented() ? kSegmentedFlag : 0);
  }
  // Digest of structure, visibility, parameters and commitment, or of the segments' digests and their wiring: the model's identity.
  Digest identity() const;
};

// Total; validates graph and parameters. Its bytes: key_bytes (prover/write.h).
Result<Key> parse_key(ByteView bytes);

// z of M, drawn from structure, parameters and root.
Fe ood_point(const qir::QGraph& graph, const pcs::OpeningParams& params, const Digest& root);
// z of a commitment to num_elements numbers: nothing of a model is in it, so that several models' proofs can refer to it.
Fe data_point(const pcs::TensorOracle& oracle, std::uint64_t num_elements, const Digest& root);

using PublicValues = std::vector<std::vector<std::int64_t>>;

// What a statement says about outputs and inputs. Every list has the outputs first. A batch (verifier/batch.h) has a leading
// axis of num_rows in values and in what is committed, and num_rows digests, one after the other, of each hashed value.
struct PublicIo {
  PublicValues values;                  // of qir::public_values, each row-major
  std::vector<Digest> digests;          // of qir::hashed_values: hash of the canonical bytes
  std::vector<Commitment> commitments;  // of qir::committed_values
  std::uint64_t num_rows = 1;
};

// The public tensors' values as the circuit's relations need them (circuit::Circuit::public_tensors): data.values, then
// the eight big-endian words of each digest that the circuit computes.
PublicValues tensor_values(const qir::QGraph& graph, const qir::Visibility& visibility, const PublicIo& data);

// The eight big-endian words of a digest, as relations have them.
std::vector<std::int64_t> digest_words(const Digest& digest);

// magic, version, flags, the model's identity [32], context [32], slot u64; i64 values of tensors that are in the proof,
// digests, commitments. The rest of a proof are the messages. The identity is there to tell a proof of another model from a broken
// one; what binds it is the transcript. The flags say what the key says.
inline constexpr std::uint32_t kFlagZeroKnowledge = 1;
inline constexpr std::uint32_t kFlagSegmented = 2;
inline constexpr std::size_t kIdentityOffset = 12;
inline constexpr std::size_t kContextOffset = kIdentityOffset + 32;
inline constexpr std::size_t kSlotOffset = kContextOffset + kContextBytes;
inline constexpr std::size_t kValuesOffset = kSlotOffset + 8;
std::uint32_t header_flags(const Key& key);
struct Header {
  Digest context{};
  std::uint64_t slot = 0;
  PublicIo data;
  std::size_t num_bytes = 0;
};
std::size_t header_size(const qir::QGraph& graph, const qir::Visibility& visibility = {});
// Its values and digests, of which a batch has as many for every row.
std::size_t row_bytes(const qir::QGraph& graph, const qir::Visibility& visibility);
// Those of PublicIo::values that are in the proof itself.
std::vector<const std::vector<std::int64_t>*> values_in_proof(const Key& key, const PublicValues& values);

// Which of a commitment's slots a proof used is public, so that whoever restores a lost count can read from what was
// published how far it had come. The slots of M are 0 .. budget - 1; where nothing is counted the number is 0.
bool slot_exists(std::uint64_t slot, std::uint64_t budget);

// Public values in the proof, digests and commitments.
void absorb_public_data(Transcript& transcript, const Key& key, const PublicIo& data);
// Step 0 of the transcript: binds everything the statement contains before the first challenge. Tensors that travel
// beside the proof are bound by their digests. identity: the key's, which takes longer to compute than all the rest.
void absorb_statement(Transcript& transcript, const Digest& identity, const Key& key, const Digest& context,
                      std::uint64_t slot, const PublicIo& data);

}  // namespace zkinfer::statement
