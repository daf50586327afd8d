// SPDX-License-Identifier: Apache-2.0
#include "commit/merkle/merkle_prover.h"

#include <bit>

#include "base/check.h"
#include "base/parallel.h"
#include "hash/keccak_many.h"

namespace zkinfer::merkle {
namespace {

constexpr std::size_t kHashesPerTask = 256;

ByteView digest_bytes(std::span<const Digest> digests) {
  return {reinterpret_cast<const std::uint8_t*>(digests.data()), digests.size_bytes()};
}

}  // namespace

MerkleTree::MerkleTree(const TreeShape& shape) : shape_(shape) {
  static_assert(sizeof(Digest) == 32, "a level of the tree is hashed as contiguous bytes");
  ZKI_CHECK(shape.valid(), "Merkle tree shape");
  memory_ = AlignedMemory(2 * shape.num_leaves() * sizeof(Digest), Contents::kUnset);
  nodes()[0] = {};  // unused, and written to code files with the others
}

MerkleTree::MerkleTree(const TreeShape& shape, ByteView rows) : MerkleTree(shape) {
  ZKI_CHECK_EQ(rows.size(), shape.num_leaves() * shape.row_bytes, "Merkle tree rows");
  const std::span<Digest> leaves = nodes().subspan(shape.num_leaves());
  keccak256_many(ByteView(&kLeafDomain, 1), rows, shape.row_bytes, shape.row_bytes, leaves);
  hash_nodes();
}

void MerkleTree::hash_leaves(std::uint64_t first, FpCSpan rows) {
  static_assert(sizeof(Fp) == sizeof(std::uint64_t));
  const std::span words(reinterpret_cast<const std::uint64_t*>(rows.data()), rows.size());
  const std::size_t row_words = shape_.row_bytes / 8;
  const std::span<Digest> leaves = nodes().subspan(shape_.num_leaves() + first, rows.size() / row_words);
  ZKI_CHECK_EQ(rows.size_bytes(), leaves.size() * shape_.row_bytes, "Merkle tree rows");
  parallel_for(leaves.size(), kHashesPerTask, [&](std::size_t begin, std::size_t end) {
    keccak256_words(kLeafDomain, words.subspan(begin * row_words, (end - begin) * row_words), row_words,
                    leaves.subspan(begin, end - begin));
  });
}

void MerkleTree::hash_nodes() {
  const std::span<Digest> all = nodes();
  for (int depth = shape_.log_leaves - 1; depth >= 0; --depth) {
    const std::size_t width = std::size_t{1} << depth;
    const std::span<Digest> parents = all.subspan(width, width);
    const ByteView children = digest_bytes(all.subspan(2 * width, 2 * width));
    parallel_for(width, kHashesPerTask, [&](std::size_t begin, std::size_t end) {
      keccak256_many(ByteView(&kNodeDomain, 1), children.subspan(64 * begin, 64 * (end - begin)), 64, 64,
                     parents.subspan(begin, end - begin));
    });
  }
}

MerkleTree MerkleTree::over_field(int log_leaves, FpCSpan rows) {
  ZKI_CHECK(log_leaves >= 0 && log_leaves <= 40, "Merkle tree height");
  const std::size_t num_leaves = std::size_t{1} << log_leaves;
  ZKI_CHECK(rows.size() % num_leaves == 0, "Merkle tree rows");
  MerkleTree tree({log_leaves, rows.size_bytes() / num_leaves});
  tree.hash_leaves(0, rows);
  tree.hash_nodes();
  return tree;
}

std::span<Digest> MerkleTree::nodes() {
  return {static_cast<Digest*>(memory_.data()), static_cast<std::size_t>(2 * shape_.num_leaves())};
}

std::span<const Digest> MerkleTree::nodes() const {
  return {static_cast<const Digest*>(memory_.data()), static_cast<std::size_t>(2 * shape_.num_leaves())};
}

const Digest& MerkleTree::root() const {
  ZKI_CHECK(memory_.data() != nullptr, "root of an empty Merkle tree");
  return nodes()[1];
}

std::vector<Digest> MerkleTree::open(std::span<const std::uint64_t> indices) const {
  ZKI_CHECK(memory_.data() != nullptr, "opening of an empty Merkle tree");
  std::vector<Digest> siblings;
  for (const std::uint64_t node : multiproof_nodes(shape_, indices)) siblings.push_back(nodes()[node]);
  return siblings;
}

std::vector<std::uint64_t> multiproof_nodes(const TreeShape& shape, std::span<const std::uint64_t> indices) {
  ZKI_CHECK(indices_valid(shape, indices), "Merkle indices must ascend and be in range");
  std::vector<std::uint64_t> known(indices.begin(), indices.end());
  std::vector<std::uint64_t> nodes;
  for (int depth = shape.log_leaves; depth > 0; --depth) {
    const std::uint64_t width = std::uint64_t{1} << depth;
    std::size_t num_parents = 0;
    for (std::size_t i = 0; i < known.size(); ++num_parents) {
      const bool has_sibling = i + 1 < known.size() && known[i + 1] == (known[i] ^ 1);
      if (!has_sibling) nodes.push_back(width + (known[i] ^ 1));
      known[num_parents] = known[i] / 2;
      i += has_sibling ? 2 : 1;
    }
    known.resize(num_parents);
  }
  return nodes;
}

}  // namespace zkinfer::merkle
