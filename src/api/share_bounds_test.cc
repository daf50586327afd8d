// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/share_bounds.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "zkinfer/error_bounds.h"

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

// Errors of numbers that are rounded to units, against those of the numbers themselves, whatever the unit.
TEST(ErrorBounds, HoldWhatRoundingHides) {
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  constexpr std::uint64_t kRows = 40;
  for (const double unit : {1e-4, 0.1, 1.0, 30.0, 1e6}) {
    for (const bool rounds_outputs : {false, true}) {
      for (const MetricKind kind : {MetricKind::kMse, MetricKind::kMae}) {
        EvaluationResult result;
        result.info.metric = {kind};
        result.info.num_rows = kRows;
        result.unit = unit;
        result.num_targets = 1;
        result.group_rows = {kRows};
        result.counts = {0};
        std::vector<double> targets;
        double exact = 0;
        for (std::uint64_t row = 0; row < kRows; ++row) {
          const double target = 20 * normal(random);
          const double steps = std::round((target + 3 * normal(random)) / (unit / 64));  // of an output
          const double output = rounds_outputs ? steps * (unit / 64) : std::round(target / unit) * unit;
          const double error = std::round(output / unit) - std::round(target / unit);
          result.counts[0] += static_cast<std::uint64_t>(kind == MetricKind::kMse ? error * error : std::abs(error));
          exact +=
              (kind == MetricKind::kMse ? (output - target) * (output - target) : std::abs(output - target)) / kRows;
          targets.push_back(target);
        }
        const auto deviation = [&](double step) {
          double mean = 0, sum = 0;
          for (const double x : targets) mean += std::round(x / step) / kRows;
          for (const double x : targets) sum += std::pow(std::round(x / step) - mean, 2);
          return sum;
        };
        result.target_deviation = deviation(unit);
        const Figure first = figures(result).front();
        const std::optional<Interval> bounds = error_bounds(result, first);
        ASSERT_TRUE(bounds.has_value());
        EXPECT_LE(bounds->low, exact);
        EXPECT_GE(bounds->high, exact);
        EXPECT_LE(bounds->low, first.value());
        EXPECT_GE(bounds->high, first.value());
        const std::optional<double> least = least_r_squared(result);
        EXPECT_TRUE(kind == MetricKind::kMse || !least.has_value());
        const double fine = 1e-9;
        if (least.has_value()) EXPECT_LE(*least, 1 - exact * kRows / (deviation(fine) * fine * fine));
        EXPECT_EQ(least.has_value(), kind == MetricKind::kMse && unit < 40);
      }
    }
  }
  EXPECT_FALSE(error_bounds({}, {"accuracy", {}, {}, 1, 2}).has_value());
}

}  // namespace
}  // namespace zkinfer
