// SPDX-License-Identifier: Apache-2.0
// The bytes that a prover writes and a verifier reads: the other side of the readers in statement/statement.h,
// verifier/key_proof.h and verifier/path.h.
#pragma once

#include "statement/statement.h"
#include "verifier/batch.h"
#include "verifier/encryption.h"
#include "verifier/evaluation.h"
#include "verifier/joint.h"
#include "verifier/path.h"

namespace zkinfer::prover {

Bytes key_bytes(const statement::Key& key);

// Of a proof, up to its messages. context: padded to 32 bytes.
Bytes header_bytes(const statement::Key& key, ByteView context, std::uint64_t slot, const statement::PublicIo& data);

// A certificate or a rotation.
Bytes key_proof_file(const verifier::KeyProofKind& kind, const verifier::KeyProofSlots& slots,
                     const pcs::OpeningParams& params, ByteView messages);

// The same of a key that is cut: each segment's file of one key, under these slots; empty where it has no weights.
Bytes key_proof_list(const verifier::KeyProofKind& kind, const verifier::KeyProofSlots& slots,
                     const std::vector<Bytes>& segments);

// prepared: the model's key.
Bytes batch_file(const verifier::PreparedKey& prepared, const pcs::OpeningParams& params,
                 const statement::Header& header, ByteView messages);

// An evaluation up to its chunks: params of each of the head's runs. And a chunk of it.
Bytes evaluation_head_bytes(const verifier::EvaluationHead& head, const std::vector<pcs::OpeningParams>& params);
Bytes chunk_bytes(const relations::ChunkShape& shape, const verifier::ChunkClaims& claims, ByteView messages);

// head: num_rows, the seats; context, the root of their leaves.
Bytes joint_file(const verifier::RowsHead& head, std::uint64_t slot, const pcs::OpeningParams& params,
                 ByteView messages);

// Sealed weights; an encryption proof up to its chunks, and a chunk of it.
Bytes sealed_bytes(const verifier::EncryptionHead& head, ByteView numbers);
Bytes encryption_head_bytes(const verifier::EncryptionHead& head, std::uint64_t chunk_blocks);
Bytes encryption_chunk_bytes(std::uint64_t slot, const pcs::OpeningParams& params, ByteView messages);

Bytes path_bytes(const verifier::Path& path);

}  // namespace zkinfer::prover
