// SPDX-License-Identifier: Apache-2.0
// Proves encryptions (verifier/encryption.h), chunk by chunk: committed model + key shares -> that a ciphertext holds its parameters.
// Memory: about 100 bytes for each of the 599 elements of a block.
#pragma once

#include "prover/keystream.h"
#include "prover/prove.h"
#include "verifier/encryption.h"

namespace zkinfer::prover {

// invalid_argument: a model without parameters or with public ones, a key whose proofs hide nothing.
Status can_encrypt(const statement::Key& key);

// Blocks of a chunk, all of them about equal, for so many numbers in all.
std::uint64_t usual_chunk(std::uint64_t num_numbers);

struct EncryptionPlan {
  relations::EncryptionChunk chunk;
  verifier::PreparedKey prepared;
};
// Errors: no opening parameters for this M.
Result<EncryptionPlan> plan_encryption(const CommittedModel& model, const relations::EncryptionChunk& chunk);

// The messages. numbers: of the whole ciphertext. request: slot, entropy, progress and hooks are used.
Result<Bytes> prove_encryption(const CommittedModel& model, const EncryptionPlan& plan,
                               const verifier::EncryptionHead& head, ByteView numbers, const KeyShares& shares,
                               const ProveRequest& request);

}  // namespace zkinfer::prover
