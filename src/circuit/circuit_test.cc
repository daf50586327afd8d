// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "circuit/blocks.h"

namespace zkinfer::circuit {
namespace {

TEST(Blocks, CoverEveryIndexOnceAndKeepTheLimit) {
  for (const std::vector<std::uint64_t>& shape :
       {std::vector<std::uint64_t>{}, {1}, {7}, {28, 28}, {512, 3, 3}, {10, 50, 4, 4}, {784, 256}, {1000}}) {
    for (const int limit : {0, 3, 7, 30}) {
      std::uint64_t total = 1;
      for (const std::uint64_t n : shape) total *= n;
      std::uint64_t covered = 0;
      for (const Block& block : blocks_of(cut_axes(shape, limit))) {
        EXPECT_LE(block.log_size(), std::max(limit, 0));
        std::uint64_t size = 1;
        for (const AxisPiece& piece : block.pieces) size *= piece.length;
        covered += size;
      }
      EXPECT_EQ(covered, total);
    }
  }
}

}  // namespace
}  // namespace zkinfer::circuit
