// SPDX-License-Identifier: Apache-2.0
// What a proof is about: the verification key and the public values. Byte grammars: docs/formats/key.md, proof.md.
#pragma once

#include <cstdint>
#include <vector>

#include "commit/pcs/params.h"
#include "field/fe.h"
#include "qir/visibility.h"
#include "transcript/transcript.h"

namespace zkinfer::proof {

inline constexpr std::uint32_t kKeyMagic = 0x4b494b5a;    // "ZKIK"
inline constexpr std::uint32_t kProofMagic = 0x50494b5a;  // "ZKIP"
inline constexpr std::uint32_t kVersion = 1;
inline constexpr std::size_t kContextBytes = 32;
inline constexpr std::uint64_t kMaxKeyBytes = std::uint64_t{1} << 28;

// The weight commitment: root of M and the out-of-domain value v = sum_j z^j (e_M)_j at z = ood_point(..). v makes the
// committed model unique although a root may be close to several code words (docs/protocol.md, "Model value").
struct ModelCommitment {
  Digest root{};
  Fe ood_value;
};

struct Key {
  qir::QGraph graph;  // structure only
  qir::Visibility visibility;
  pcs::OpeningParams params;
  ModelCommitment commitment;

  // Digest of structure, visibility, parameters and commitment: the model's identity.
  Digest identity() const;
  Bytes to_bytes() const;
};

// Total; validates graph and parameters.
Result<Key> parse_key(ByteView bytes);

// z, drawn from structure, parameters and root.
Fe ood_point(const qir::QGraph& graph, const pcs::OpeningParams& params, const Digest& root);

// The values of the statement (qir::public_values: outputs, then public inputs), each row-major.
using PublicValues = std::vector<std::vector<std::int64_t>>;

// magic, version, the model's identity [32], context [32], public values (i64 each). The rest of a proof are the messages.
// The identity is there to tell a proof of another model from a broken one; what binds it is the transcript.
inline constexpr std::size_t kContextOffset = 8 + 32;
inline constexpr std::size_t kValuesOffset = kContextOffset + kContextBytes;
Bytes header_bytes(const Key& key, ByteView context, const PublicValues& values);
struct Header {
  Digest context{};
  PublicValues outputs;  // all public values: outputs, then public inputs
  std::size_t num_bytes = 0;
};
std::size_t header_size(const qir::QGraph& graph, const qir::Visibility& visibility = {});

// Step 0 of the transcript: binds everything the statement contains before the first challenge.
void absorb_statement(Transcript& transcript, const Key& key, ByteView context, const PublicValues& values);

}  // namespace zkinfer::proof
