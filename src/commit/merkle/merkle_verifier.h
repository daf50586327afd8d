// SPDX-License-Identifier: Apache-2.0
// Checks a multiproof against a cap. Total: any input gives a verdict.
//
// Cost: one hash per opened row and at most log_leaves - cap_height per row.
#pragma once

#include <cstdint>
#include <span>

#include "commit/merkle/merkle.h"

namespace zkinfer::merkle {

enum class MerkleReason {
  kAccepted,
  kBadShape,     // the shape's own bounds
  kBadCap,       // the cap has not 2^cap_height digests
  kBadIndices,   // not strictly ascending, or out of range
  kBadRowBytes,  // rows.size() is not count * row_bytes
  kBadCount,     // a wrong number of sibling digests
  kMismatch,     // a recomputed cap digest differs
};

struct [[nodiscard]] MerkleVerdict {
  MerkleReason reason = MerkleReason::kAccepted;
  // For kMismatch: the first opened leaf under the first wrong cap digest.
  std::uint64_t leaf_index = 0;
  bool ok() const { return reason == MerkleReason::kAccepted; }
};

// rows: [indices.size(), row_bytes], in the order of indices.
MerkleVerdict verify_multiproof(const TreeShape& shape, std::span<const Digest> cap,
                                std::span<const std::uint64_t> indices, ByteView rows,
                                std::span<const Digest> siblings);

}  // namespace zkinfer::merkle
