// SPDX-License-Identifier: Apache-2.0
// Builds a Merkle tree and opens leaves. Keeps 2^(log_leaves + 1) digests; the rows stay with the caller.
//
// Cost: one hash per leaf and per node, all cores, several hashes at once in vector lanes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "commit/merkle/merkle.h"
#include "field/buffer.h"

namespace zkinfer::merkle {

class MerkleTree {
 public:
  MerkleTree() = default;
  // rows: [num_leaves, row_bytes], contiguous.
  MerkleTree(const TreeShape& shape, ByteView rows);
  // A tree whose rows come piece by piece: hash_leaves for all of them, in any order, then hash_nodes. Rows are elements of F
  // (field/limbs.h).
  explicit MerkleTree(const TreeShape& shape);
  void hash_leaves(std::uint64_t first, FpCSpan rows);
  void hash_nodes();
  // rows: [num_leaves, row_values].
  static MerkleTree over_field(int log_leaves, FpCSpan rows);

  const TreeShape& shape() const { return shape_; }
  const Digest& root() const;
  // indices strictly ascending and in range; the digests in multiproof order.
  std::vector<Digest> open(std::span<const std::uint64_t> indices) const;
  // Heap order: node k at depth d is nodes()[2^d + k]; nodes()[0] is unused.
  std::span<const Digest> nodes() const;

 private:
  TreeShape shape_;
  std::span<Digest> nodes();
  AlignedMemory memory_;
};

// Where the multiproof's digests stand in MerkleTree::nodes(), in multiproof order.
std::vector<std::uint64_t> multiproof_nodes(const TreeShape& shape, std::span<const std::uint64_t> indices);

}  // namespace zkinfer::merkle
