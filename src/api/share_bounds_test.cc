// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/share_bounds.h"

#include <gtest/gtest.h>

#include <cmath>

namespace zkinfer {
namespace {

// Tabulated: Clopper and Pearson, 95 %.
TEST(ShareBounds, ClopperPearson) {
  const struct {
    std::uint64_t hits, rows;
    double low, high;
  } table[] = {{0, 10, 0, 0.30850}, {10, 10, 0.69150, 1}, {8, 10, 0.44390, 0.97479}, {50, 100, 0.39832, 0.60168}};
  for (const auto& one : table) {
    const Interval found = share_of_source(one.hits, one.rows, 0.95);
    EXPECT_NEAR(found.low, one.low, 1e-4) << one.hits;
    EXPECT_NEAR(found.high, one.high, 1e-4) << one.hits;
  }
  // (1 - p)^n = error exactly.
  EXPECT_NEAR(share_of_source(0, 1000, 0.999).high, 1 - std::pow(0.0005, 1.0 / 1000), 1e-9);
}

double choose(int n, int k) {
  double out = 1;
  for (int i = 0; i < k; ++i) out = out * (n - i) / (i + 1);
  return k < 0 || k > n ? 0 : out;
}

// Against sums of binomial coefficients, for every result of small samples.
TEST(ShareBounds, OfAllRows) {
  constexpr int kRows = 30, kSampled = 12;
  constexpr double kError = 0.025;
  for (int hits = 0; hits <= kSampled; ++hits) {
    int least = kRows, most = 0;
    for (int good = hits; good <= kRows - (kSampled - hits); ++good) {
      double upper = 0, lower = 0;
      for (int j = 0; j <= kSampled; ++j) {
        const double chance = choose(good, j) * choose(kRows - good, kSampled - j) / choose(kRows, kSampled);
        if (j >= hits) upper += chance;
        if (j <= hits) lower += chance;
      }
      if (upper > kError) least = std::min(least, good);
      if (lower > kError) most = std::max(most, good);
    }
    const Interval found = share_of_all(hits, kSampled, kRows, 1 - 2 * kError);
    EXPECT_DOUBLE_EQ(found.low, static_cast<double>(least) / kRows) << hits;
    EXPECT_DOUBLE_EQ(found.high, static_cast<double>(most) / kRows) << hits;
  }
  // All rows: no doubt.
  const Interval all = share_of_all(7, 10, 10, 0.999);
  EXPECT_DOUBLE_EQ(all.low, 0.7);
  EXPECT_DOUBLE_EQ(all.high, 0.7);
}

// 980 of 1,000 out of 50,000 give 0.9625 with an error of 1/1000 on one side.
TEST(ShareBounds, LargeSets) {
  const Interval found = share_of_all(980, 1000, 50000, 0.998);
  EXPECT_NEAR(found.low, 0.9625, 2e-4);
  const Interval source = share_of_source(980, 1000, 0.998);
  EXPECT_LT(source.low, found.low);
  EXPECT_GT(source.high, found.high);
  const Interval many = share_of_all(1 << 25, 1 << 26, (1 << 26) + 5, 0.999);
  EXPECT_NEAR(many.low, 0.5, 1e-5);
}

}  // namespace
}  // namespace zkinfer
