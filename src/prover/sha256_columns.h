// SPDX-License-Identifier: Apache-2.0
// The witness columns of a SHA-256 circuit (relations/sha256.h).
#pragma once

#include "circuit/evaluate.h"
#include "hash/sha256.h"
#include "relations/recipe_sink.h"

namespace zkinfer::prover {

// A padded message and the hash values between its blocks.
struct Sha256Message {
  Bytes bytes;
  std::vector<Sha256State> states;  // [blocks + 1]

  explicit Sha256Message(Bytes padded, const Sha256State& start = kSha256Start);
  std::size_t num_blocks() const { return bytes.size() / kSha256BlockBytes; }
  Sha256Compression compress(std::size_t block) const;
};

// Any column but kWords.
FpVec sha256_column(relations::Sha256Column column, const Sha256Message& message);
// One column of the hash of these entries, each of entry_bytes bytes.
FpVec sha256_column(relations::Sha256Column column, const FpVec& entries, std::size_t entry_bytes);

}  // namespace zkinfer::prover
