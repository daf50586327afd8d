// SPDX-License-Identifier: Apache-2.0
#include "commit/merkle/merkle_verifier.h"

#include <vector>

namespace zkinfer::merkle {

MerkleVerdict verify_multiproof(const TreeShape& shape, const Digest& root, std::span<const std::uint64_t> indices,
                                ByteView rows, std::span<const Digest> siblings) {
  if (!shape.valid()) return {MerkleReason::kBadShape};
  if (!indices_valid(shape, indices)) return {MerkleReason::kBadIndices};
  if (rows.size() % shape.row_bytes != 0 || rows.size() / shape.row_bytes != indices.size()) {
    return {MerkleReason::kBadRowBytes};
  }
  if (siblings.size() != multiproof_digests(shape, indices)) return {MerkleReason::kBadCount};

  // nodes[i] has digest digests[i].
  std::vector<std::uint64_t> nodes(indices.begin(), indices.end());
  std::vector<Digest> digests(indices.size());
  for (std::size_t i = 0; i < digests.size(); ++i) {
    digests[i] = hash_leaf(rows.subspan(i * shape.row_bytes, shape.row_bytes));
  }
  std::vector<Digest> children;  // the two children of each parent, left to right
  std::size_t next_sibling = 0;
  for (int depth = shape.log_leaves; depth > 0; --depth) {
    children.clear();
    std::size_t num_parents = 0;
    for (std::size_t i = 0; i < nodes.size(); ++num_parents) {
      const bool has_sibling = i + 1 < nodes.size() && nodes[i + 1] == (nodes[i] ^ 1);
      const Digest& other = has_sibling ? digests[i + 1] : siblings[next_sibling];
      if (!has_sibling) ++next_sibling;
      children.push_back(nodes[i] % 2 == 0 ? digests[i] : other);
      children.push_back(nodes[i] % 2 == 0 ? other : digests[i]);
      nodes[num_parents] = nodes[i] / 2;
      i += has_sibling ? 2 : 1;
    }
    nodes.resize(num_parents);
    digests.resize(num_parents);
    for (std::size_t i = 0; i < num_parents; ++i) digests[i] = hash_node(children[2 * i], children[2 * i + 1]);
  }
  if (!digests.empty() && digests[0] != root) return {MerkleReason::kMismatch};
  return {};
}

}  // namespace zkinfer::merkle
