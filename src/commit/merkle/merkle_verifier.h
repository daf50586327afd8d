// SPDX-License-Identifier: Apache-2.0
// Checks a multiproof against a root. Total: any input gives a verdict.
//
// Cost: one hash per opened row and at most log_leaves per row.
#pragma once

#include <cstdint>
#include <span>

#include "commit/merkle/merkle.h"

namespace zkinfer::merkle {

enum class MerkleReason {
  kAccepted,
  kBadShape,     // the shape's own bounds
  kBadIndices,   // not strictly ascending, or out of range
  kBadRowBytes,  // rows.size() is not count * row_bytes
  kBadCount,     // a wrong number of sibling digests
  kMismatch,     // the recomputed root differs
};

struct [[nodiscard]] MerkleVerdict {
  MerkleReason reason = MerkleReason::kAccepted;
  bool ok() const { return reason == MerkleReason::kAccepted; }
};

// rows: [indices.size(), row_bytes], in the order of indices.
MerkleVerdict verify_multiproof(const TreeShape& shape, const Digest& root, std::span<const std::uint64_t> indices,
                                ByteView rows, std::span<const Digest> siblings);

}  // namespace zkinfer::merkle
