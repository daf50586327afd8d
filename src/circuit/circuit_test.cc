// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "circuit/blocks.h"
#include "circuit/expr.h"

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

// The expression without views at a point.
Fp value_at(const LinExpr& expr, const std::vector<std::int64_t>& point) {
  Fp value = expr.constant;
  for (const Slope& slope : expr.slopes) value += slope.coef * Fp::from_int(point[slope.box_axis]);
  return value;
}

TEST(Slopes, PositionIsTheRowMajorNumber) {
  const LinExpr number = position(1, {3, 5});
  std::int64_t next = 0;
  for (std::int64_t i = 0; i < 3; ++i) {
    for (std::int64_t j = 0; j < 5; ++j) EXPECT_EQ(value_at(number, {7, i, j}), Fp::from_int(next++));
  }
}

TEST(Slopes, FollowAChangeOfBoxWithSums) {
  LinExpr expr = plus_constant(scaled(position(0, {4, 6}), 7), 3);
  expr.slopes.push_back({1, Fp(2)});
  // i := 2 - a + s (s < 3), j := 1 + 2 b + 3 t - u (t < 4, u < 2).
  const std::vector<AxisMap> maps = {{2, {{0, -1}}, {{3, 1}}}, {1, {{1, 2}}, {{4, 3}, {2, -1}}}};
  const LinExpr summed = rebase(expr, maps);
  for (std::int64_t a = 0; a < 3; ++a) {
    for (std::int64_t b = 0; b < 3; ++b) {
      Fp sum;
      for (std::int64_t s = 0; s < 3; ++s) {
        for (std::int64_t t = 0; t < 4; ++t) {
          for (std::int64_t u = 0; u < 2; ++u) sum += value_at(expr, {2 - a + s, 1 + 2 * b + 3 * t - u});
        }
      }
      EXPECT_EQ(value_at(summed, {a, b}), sum);
    }
  }
}

}  // namespace
}  // namespace zkinfer::circuit
