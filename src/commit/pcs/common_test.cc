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
    EXPECT_EQ(eq_powers(point, base), sum);
    Fe sum_in_f;
    for (std::size_t b = 0; b < low.size(); ++b) sum_in_f += low[b] * pow(base.c[0], b);
    EXPECT_EQ(eq_powers(point, base.c[0]), sum_in_f);
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

// Binds bits in steps of drawn widths and compares with the dense vector.
void check_range(SeededRandom& random, std::mt19937_64& draws, std::uint64_t begin, std::uint64_t end, Fe base) {
  const Fe coef = random.element();
  RangeFunctional functional(begin, end, base, coef);
  std::vector<Fe> dense(end + 1);
  for (std::uint64_t t = begin; t < end; ++t) dense[t] = coef * pow(base, t - begin);
  for (int step = 0; step < 4; ++step) {
    const std::vector<Fe> point = draw(random, draws() % 4);
    const std::vector<Fe> weights = eq_low_first(point);
    functional.bind_low(point, weights);
    std::vector<Fe> next(dense.size() / weights.size() + 1);
    for (std::size_t t = 0; t < dense.size(); ++t) next[t / weights.size()] += weights[t % weights.size()] * dense[t];
    dense = std::move(next);
    std::vector<Fe> out(dense.size());
    RangeFunctional::add_all({&functional, 1}, out);
    ASSERT_EQ(out, dense) << "range [" << begin << ", " << end << "), step " << step;
  }
}

TEST(Common, RangeFunctionalEqualsTheDenseVector) {
  SeededRandom random(2);
  std::mt19937_64 draws(3);
  for (int i = 0; i < 400; ++i) {
    const std::uint64_t begin = draws() % (i % 2 == 0 ? 5 : 100);
    const std::uint64_t end = begin + draws() % (i % 3 == 0 ? 6 : 200);
    const Fe base = random.element();
    check_range(random, draws, begin, end, i % 4 < 2 ? base : Fe(base.c[0]));
  }
}

TEST(Common, RangeFunctionalsAddUp) {
  SeededRandom random(5);
  std::mt19937_64 draws(6);
  for (int i = 0; i < 60; ++i) {
    // Runs of one range, shorter and longer than what is done side by side, and bases in F and in K among them.
    std::vector<RangeFunctional> functionals;
    std::vector<Fe> expected(64);
    while (functionals.size() < 20) {
      const std::uint64_t begin = draws() % 40, end = begin + draws() % 20;
      for (std::uint64_t run = 1 + draws() % 6; run > 0; --run) {
        const Fe coef = random.element(), element = random.element();
        const Fe base = draws() % 3 == 0 ? element : Fe(element.c[0]);
        functionals.emplace_back(begin, end, base, coef);
        for (std::uint64_t t = begin; t < end; ++t) expected[t] += coef * pow(base, t - begin);
      }
    }
    std::vector<Fe> out(expected.size());
    RangeFunctional::add_all(functionals, out);
    EXPECT_EQ(out, expected);
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
