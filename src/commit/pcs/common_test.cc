// SPDX-License-Identifier: Apache-2.0
#include "commit/pcs/common.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "commit/pcs/test_support.h"
#include "field/eq.h"
#include "poly/ntt.h"

namespace zkinfer::pcs {
namespace {

using testing::SeededRandom;

std::vector<Fe> draw(SeededRandom& random, std::size_t count) {
  std::vector<Fe> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(random.element());
  return values;
}

TEST(Common, EqWeightsAndPowers) {
  SeededRandom random(1);
  for (std::size_t bits = 0; bits < 6; ++bits) {
    const std::vector<Fe> point = draw(random, bits);
    const std::vector<Fe> low = eq_low_first(point);
    const std::vector<Fe> high = eq_vector(point);
    const Fe base = random.element();
    Fe sum;
    for (std::size_t b = 0; b < low.size(); ++b) {
      Fe expected = Fe::one();
      for (std::size_t i = 0; i < bits; ++i) expected *= b >> i & 1 ? point[i] : Fe::one() - point[i];
      EXPECT_EQ(low[b], expected);
      EXPECT_EQ(high[poly::reverse_bits(b, static_cast<int>(bits))], expected);
      sum += expected * pow(base, b);
    }
    EXPECT_EQ(range_sum(point, 0, low.size(), base), sum);
    Fe sum_in_f;
    for (std::size_t b = 0; b < low.size(); ++b) sum_in_f += low[b] * pow(base.c[0], b);
    EXPECT_EQ(range_sum(point, 0, low.size(), base.c[0]), sum_in_f);
  }
}

TEST(Common, DomainPointsAreThoseOfTheCode) {
  CodeParams oracle;
  oracle.log_domain = 6;
  std::vector<std::uint64_t> rows;
  for (std::uint64_t i = 0; i < 64; ++i) rows.push_back(i);
  const std::vector<Fp> points = domain_points(oracle, rows);
  for (std::uint64_t i = 0; i < 64; ++i) EXPECT_EQ(points[i], poly::domain_point(i, 6));
}

TEST(Common, RangeSumIsTheSum) {
  SeededRandom random(2);
  for (std::size_t bits = 0; bits < 7; ++bits) {
    const std::vector<Fe> point = draw(random, bits);
    const std::vector<Fe> eq = eq_low_first(point);
    const Fe base = random.element();
    for (std::uint64_t begin = 0; begin <= eq.size(); ++begin) {
      Fe sum, sum_in_f;
      for (std::uint64_t end = begin; end <= eq.size(); ++end) {
        EXPECT_EQ(range_sum(point, begin, end, base), sum) << bits << " bits, " << begin << ", " << end;
        EXPECT_EQ(range_sum(point, begin, end, base.c[0]), sum_in_f) << bits << " bits, " << begin << ", " << end;
        if (end == eq.size()) break;
        sum += eq[end] * pow(base, end - begin);
        sum_in_f += eq[end] * pow(base.c[0], end - begin);
      }
    }
  }
}

TEST(Common, ClaimFollowsTheRoundPolynomial) {
  SeededRandom random(4);
  const Fe c0 = random.element(), c1 = random.element(), c2 = random.element(), s = random.element();
  // Two rounds of one polynomial each; the second one's h(0) + h(1) is made to be what is left of the first.
  const Fe mu = c0 + c0 + c1 + c2, d1 = random.element(), d2 = random.element(), t = random.element();
  const Fe after = c0 + s * (c1 + s * c2);
  const Fe d0 = (after - d1 - d2) * kInverseOfTwo;
  RunningClaim claim;
  claim.advance(hiding::LinearForm(c1), hiding::LinearForm(c2), s);
  EXPECT_EQ(claim.form().constant() + mu * claim.weight_of_mu(), after);
  claim.add(hiding::LinearForm(Fe::one()), s);
  claim.add(hiding::LinearForm(s), -Fe::one());
  claim.advance(hiding::LinearForm(d1), hiding::LinearForm(d2), t);
  EXPECT_EQ(claim.form().constant() + mu * claim.weight_of_mu(), d0 + t * (d1 + t * d2));
}

}  // namespace
}  // namespace zkinfer::pcs
