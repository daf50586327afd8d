// SPDX-License-Identifier: Apache-2.0
#include "hiding/statistics.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace zkinfer::e2e {
namespace {

// All ways to mix two samples of n.
TEST(Statistics, KolmogorovSmirnovIsExact) {
  constexpr std::size_t n = 6;
  std::vector<bool> first(2 * n, false);
  std::fill_n(first.begin(), n, true);
  std::sort(first.begin(), first.end());
  std::vector<double> at_least(n + 1, 0.0);
  double total = 0;
  do {
    std::ptrdiff_t difference = 0;
    std::ptrdiff_t most = 0;
    for (const bool is_first : first) {
      difference += is_first ? 1 : -1;
      most = std::max(most, difference < 0 ? -difference : difference);
    }
    for (std::ptrdiff_t k = 0; k <= most; ++k) at_least[static_cast<std::size_t>(k)] += 1;
    total += 1;
  } while (std::next_permutation(first.begin(), first.end()));
  for (std::size_t k = 0; k <= n; ++k) EXPECT_NEAR(ks_p_value(k, n), at_least[k] / total, 1e-12) << k;
}

TEST(Statistics, DistanceSeesTopAndBottomBits) {
  std::vector<std::uint64_t> small, large, even, odd;
  for (std::uint64_t i = 0; i < 64; ++i) {
    small.push_back(i << 40);
    large.push_back((i + 64) << 40);
    even.push_back(i << 40);
    odd.push_back(i << 40 | 1);
  }
  EXPECT_EQ(ks_distance(small, small), 0u);
  EXPECT_EQ(ks_distance(small, large), 64u);
  EXPECT_EQ(ks_distance(even, odd), 64u);
  EXPECT_LT(ks_p_value(64, 64), 1e-36);
}

TEST(Statistics, RankCountsAffineRelations) {
  Samples samples;
  for (std::uint64_t i = 0; i < 10; ++i) {
    const Fp x = pow(Fp(7), 100 + i);
    const Fp y = pow(Fp(7), 900 + i * i);
    samples.push_back({x.v, y.v, (x + y + Fp(5)).v, 12});
  }
  const std::vector<std::size_t> all = {0, 1, 2, 3};
  EXPECT_EQ(affine_rank(samples, all), 2u);
  EXPECT_EQ(affine_rank(samples, std::span(all).first(2)), 2u);
  EXPECT_EQ(affine_rank(samples, std::span(all).last(1)), 0u);
}

}  // namespace
}  // namespace zkinfer::e2e
