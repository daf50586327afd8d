// SPDX-License-Identifier: Apache-2.0
#include "commit/merkle/merkle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/parallel.h"
#include "commit/merkle/merkle_prover.h"
#include "commit/merkle/merkle_verifier.h"
#include "field/limbs.h"
#include "hash/keccak.h"

namespace zkinfer::merkle {
namespace {

struct Opened {
  TreeShape shape;
  Digest root{};
  std::vector<std::uint64_t> indices;
  Bytes rows;
  std::vector<Digest> siblings;

  MerkleVerdict verify() const { return verify_multiproof(shape, root, indices, rows, siblings); }
};

class MerkleTest : public testing::Test {
 protected:
  Bytes draw_bytes(std::size_t num_bytes) {
    Bytes bytes(num_bytes);
    for (auto& b : bytes) b = static_cast<std::uint8_t>(rng_());
    return bytes;
  }
  Opened draw(const TreeShape& shape, std::size_t num_draws) {
    const Bytes all = draw_bytes(shape.num_leaves() * shape.row_bytes);
    const MerkleTree tree(shape, all);
    Opened opened{shape, tree.root(), {}, {}, {}};
    for (std::size_t i = 0; i < num_draws; ++i) opened.indices.push_back(rng_() % shape.num_leaves());
    std::sort(opened.indices.begin(), opened.indices.end());
    opened.indices.erase(std::unique(opened.indices.begin(), opened.indices.end()), opened.indices.end());
    for (std::uint64_t index : opened.indices) {
      const auto row = all.begin() + static_cast<std::ptrdiff_t>(index * shape.row_bytes);
      opened.rows.insert(opened.rows.end(), row, row + static_cast<std::ptrdiff_t>(shape.row_bytes));
    }
    opened.siblings = tree.open(opened.indices);
    return opened;
  }
  std::mt19937_64 rng_{5};
};

TEST_F(MerkleTest, HonestOpeningsAreAccepted) {
  for (int log_leaves = 0; log_leaves <= 9; ++log_leaves) {
    for (std::size_t num_draws : {0, 1, 2, 5, 40, 2000}) {
      for (std::size_t row_bytes : {1, 8, 136, 300}) {
        const Opened opened = draw({log_leaves, row_bytes}, num_draws);
        EXPECT_EQ(opened.siblings.size(), multiproof_digests(opened.shape, opened.indices));
        EXPECT_TRUE(opened.verify().ok());
        if (opened.indices.size() == opened.shape.num_leaves()) EXPECT_TRUE(opened.siblings.empty());
        if (opened.indices.size() == 1) {
          EXPECT_EQ(opened.siblings.size(), static_cast<std::size_t>(log_leaves));
        }
      }
    }
  }
}

TEST_F(MerkleTest, SmallTreeByHand) {
  const Bytes rows = {10, 11, 12, 13};
  const MerkleTree tree({2, 1}, rows);
  std::vector<Digest> leaves;
  for (std::uint8_t x : rows) leaves.push_back(keccak256(Bytes{0, x}));
  const Digest left = hash_node(leaves[0], leaves[1]), right = hash_node(leaves[2], leaves[3]);
  EXPECT_EQ(tree.root(), hash_node(left, right));
  // Leaves 1 and 2: their siblings from left to right, nothing above.
  EXPECT_EQ(tree.open(std::vector<std::uint64_t>{1, 2}), (std::vector<Digest>{leaves[0], leaves[3]}));
  EXPECT_EQ(tree.open(std::vector<std::uint64_t>{3}), (std::vector<Digest>{leaves[2], left}));
}

TEST_F(MerkleTest, EveryChangeIsRejected) {
  const Opened good = draw({6, 24}, 7);
  ASSERT_GE(good.indices.size(), 3u);
  for (std::size_t byte = 0; byte < good.rows.size(); byte += 5) {
    Opened bad = good;
    bad.rows[byte] ^= 1;
    EXPECT_EQ(bad.verify().reason, MerkleReason::kMismatch);
  }
  for (std::size_t i = 0; i < good.siblings.size(); ++i) {
    Opened bad = good;
    bad.siblings[i][31] ^= 0x80;
    EXPECT_EQ(bad.verify().reason, MerkleReason::kMismatch);
  }
  Opened bad = good;
  bad.siblings.pop_back();
  EXPECT_EQ(bad.verify().reason, MerkleReason::kBadCount);
  bad = good;
  bad.siblings.push_back({});
  EXPECT_EQ(bad.verify().reason, MerkleReason::kBadCount);
  bad = good;
  bad.rows.push_back(0);
  EXPECT_EQ(bad.verify().reason, MerkleReason::kBadRowBytes);
  bad = good;
  std::swap(bad.indices[0], bad.indices[1]);
  EXPECT_EQ(bad.verify().reason, MerkleReason::kBadIndices);
  bad = good;
  bad.indices.back() = 64;
  EXPECT_EQ(bad.verify().reason, MerkleReason::kBadIndices);
  bad = good;
  bad.root[0] ^= 1;
  EXPECT_EQ(bad.verify().reason, MerkleReason::kMismatch);
  bad = good;
  bad.shape.row_bytes = 0;
  EXPECT_EQ(bad.verify().reason, MerkleReason::kBadShape);
}

TEST_F(MerkleTest, FieldRowsAndThreads) {
  std::vector<Fp> rows(3 << 10);
  for (Fp& x : rows) x = Fp::reduce(rng_());
  const MerkleTree tree = MerkleTree::over_field(10, rows);
  EXPECT_EQ(tree.shape().row_bytes, 24u);
  const Bytes row = limb_bytes(std::span(rows).subspan(3 * 700, 3));
  const std::vector<std::uint64_t> indices = {700};
  EXPECT_TRUE(verify_multiproof(tree.shape(), tree.root(), indices, row, tree.open(indices)).ok());
  const ThreadLimit one_thread(1);
  const MerkleTree serial = MerkleTree::over_field(10, rows);
  EXPECT_EQ(serial.root(), tree.root());
}

}  // namespace
}  // namespace zkinfer::merkle
