// SPDX-License-Identifier: Apache-2.0
#include "commit/merkle/merkle.h"

#include "hash/keccak.h"

namespace zkinfer::merkle {

bool TreeShape::valid() const { return log_leaves >= 0 && log_leaves <= 40 && row_bytes >= 1; }

Digest hash_leaf(ByteView row) {
  Keccak256 hash;
  hash.update(kLeafDomain);
  hash.update(row);
  return hash.finish();
}

Digest hash_node(const Digest& left, const Digest& right) {
  Keccak256 hash;
  hash.update(kNodeDomain);
  hash.update(left);
  hash.update(right);
  return hash.finish();
}

bool indices_valid(const TreeShape& shape, std::span<const std::uint64_t> indices) {
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (indices[i] >= shape.num_leaves() || (i > 0 && indices[i - 1] >= indices[i])) return false;
  }
  return true;
}

std::size_t multiproof_digests(const TreeShape& shape, std::span<const std::uint64_t> indices) {
  std::vector<std::uint64_t> nodes(indices.begin(), indices.end());
  std::size_t num_digests = 0;
  for (int depth = shape.log_leaves; depth > 0; --depth) {
    std::size_t num_parents = 0;
    for (std::size_t i = 0; i < nodes.size(); ++num_parents) {
      const bool has_sibling = i + 1 < nodes.size() && nodes[i + 1] == (nodes[i] ^ 1);
      if (!has_sibling) ++num_digests;
      nodes[num_parents] = nodes[i] / 2;
      i += has_sibling ? 2 : 1;
    }
    nodes.resize(num_parents);
  }
  return num_digests;
}

}  // namespace zkinfer::merkle
