// SPDX-License-Identifier: Apache-2.0
// Binary Merkle trees over Keccak-256, opened by multiproofs: what prover and verifier share.
//
// Relation: leaf i = keccak(0x00 | row i), node = keccak(0x01 | left | right). Rows are row_bytes bytes each.
// Multiproof of ascending distinct leaf indices: going up level by level from the leaves to the root and along each
// level from left to right, the digest of every sibling which is not itself computed. So the indices alone give the
// number of digests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "field/fp.h"

namespace zkinfer::merkle {

struct TreeShape {
  int log_leaves = 0;         // in [0, 40]
  std::size_t row_bytes = 0;  // at least 1

  // Whether the bounds above hold.
  bool valid() const;
  std::uint64_t num_leaves() const { return std::uint64_t{1} << log_leaves; }
};

inline constexpr std::uint8_t kLeafDomain = 0;
inline constexpr std::uint8_t kNodeDomain = 1;

Digest hash_leaf(ByteView row);
Digest hash_node(const Digest& left, const Digest& right);

// Whether indices are strictly ascending and below num_leaves.
bool indices_valid(const TreeShape& shape, std::span<const std::uint64_t> indices);

// Number of digests in the multiproof of such indices.
std::size_t multiproof_digests(const TreeShape& shape, std::span<const std::uint64_t> indices);

}  // namespace zkinfer::merkle
