// SPDX-License-Identifier: Apache-2.0
// Binary Merkle trees over Keccak-256 with a cap, opened by multiproofs: what prover and verifier share.
//
// Relation: leaf i = keccak(0x00 | row i), node = keccak(0x01 | left | right), cap = the 2^cap_height digests at depth
// cap_height; cap digest = keccak(0x02 | cap). Rows are row_bytes bytes each; the cap and not a single root is sent.
// Multiproof of ascending distinct leaf indices: going up level by level from the leaves to the cap and along each
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
  int cap_height = 0;         // in [0, log_leaves]

  // Whether the bounds above hold.
  bool valid() const;
  std::uint64_t num_leaves() const { return std::uint64_t{1} << log_leaves; }
  std::size_t cap_size() const { return std::size_t{1} << cap_height; }
};

inline constexpr std::uint8_t kLeafDomain = 0;
inline constexpr std::uint8_t kNodeDomain = 1;
inline constexpr std::uint8_t kCapDomain = 2;

Digest hash_leaf(ByteView row);
Digest hash_node(const Digest& left, const Digest& right);
Digest hash_cap(std::span<const Digest> cap);

// Whether indices are strictly ascending and below num_leaves.
bool indices_valid(const TreeShape& shape, std::span<const std::uint64_t> indices);

// Number of digests in the multiproof of such indices.
std::size_t multiproof_digests(const TreeShape& shape, std::span<const std::uint64_t> indices);

// Reads row.size() canonical little-endian field elements; fails the reader on a value >= p. Returns reader.ok().
bool read_fp_row(ByteReader& reader, std::span<Fp> row);

}  // namespace zkinfer::merkle
