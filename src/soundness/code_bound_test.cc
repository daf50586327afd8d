// SPDX-License-Identifier: Apache-2.0
#include "soundness/code_bound.h"

#include <gtest/gtest.h>

#include <cmath>

#include "soundness/challenge.h"
#include "soundness/oracle_search.h"
#include "soundness/proof_size.h"

namespace zkinfer::soundness {
namespace {

using pcs::CodeParams;

CodeParams oracle(std::uint64_t num_coefs, std::uint64_t num_random_coefs, int log_lanes, int log_domain) {
  CodeParams result;
  result.num_coefs = num_coefs;
  result.num_random_coefs = num_random_coefs;
  result.log_lanes = static_cast<std::uint8_t>(log_lanes);
  result.log_domain = static_cast<std::uint8_t>(log_domain);
  return result;
}

TEST(Challenge, BitsOfThreeLimbs) {
  // log2 p = 64 - 3.359e-10 (p = 2^64 (1 - 2^-32 + 2^-64)); p 2^-85 = 2^-21, log2(1 + 2^-21) = 6.8793e-7;
  // 3 (64 - 3.359e-10 - 6.8793e-7) = 191.9999979352.
  EXPECT_NEAR(challenge_bits(), 191.9999979352, 1e-9);
  EXPECT_LT(challenge_bits(), 192.0);
}

TEST(Challenge, SumsAndRounding) {
  EXPECT_NEAR(log2_sum(-3.0, -3.0), -2.0, 1e-12);
  EXPECT_NEAR(log2_sum(-1.0, -2.0), std::log2(0.75), 1e-12);
  const double never = -INFINITY;
  EXPECT_EQ(log2_sum(never, -5.0), -5.0);
  EXPECT_EQ(log2_sum(never, never), never);
  EXPECT_EQ(to_bits(never), INFINITY);
  EXPECT_LT(to_bits(-10.0), 10.0);
  EXPECT_NEAR(to_bits(-10.0), 10.0, 1e-8);
  EXPECT_EQ(to_bits(3.0), 0.0);
}

TEST(CodeBound, JohnsonByHand) {
  // l = 4096 + 58, N = 2^16, s = 200: rho = 0.063385, sqrt = 0.2517638, alpha = 0.2517638 * 1.005 = 0.25302262,
  // list = 200 / (2 rho) = 1577.66; h = 200.5, h^5 = 3.2401e11, (2 h^5) N / (3 (4153/2^16)^1.5) dominates: 2^59.62;
  // 59.62 - 192.
  const CodeBound bound = code_bound(oracle(4096, 58, 4, 16), Decoding::kJohnson, 200);
  ASSERT_TRUE(bound.usable);
  EXPECT_NEAR(bound.agreement, 0.2530226165553692, 1e-14);
  EXPECT_NEAR(bound.log2_list, 10.623570688930076, 1e-10);
  EXPECT_NEAR(bound.log2_fold, -132.37757553822132, 1e-8);
  // s = 3: h^5 = 525.2, so 2 h^5 N / (3 rho^1.5) = 2^30.42.
  EXPECT_NEAR(code_bound(oracle(4096, 58, 4, 16), Decoding::kJohnson, 3).log2_fold, -161.57748594271902, 1e-8);
}

TEST(CodeBound, UniqueDecodingByHand) {
  // alpha = (1 + 4154/65536)/2, fold = 2^16/|K|.
  const CodeBound bound = code_bound(oracle(4096, 58, 4, 16), Decoding::kUnique, 0);
  ASSERT_TRUE(bound.usable);
  EXPECT_NEAR(bound.agreement, 0.5 + 4154.0 / 131072.0, 1e-14);
  EXPECT_EQ(bound.log2_list, 0.0);
  EXPECT_NEAR(bound.log2_fold, 16.0 - challenge_bits(), 1e-10);
  EXPECT_EQ(bound.multiplicity, 0u);
}

TEST(CodeBound, RatesWithoutRadius) {
  // s = 3 needs sqrt(rho) 4/3 < 1, rho < 0.5625.
  EXPECT_FALSE(code_bound(oracle(600, 0, 4, 10), Decoding::kJohnson, 3).usable);
  EXPECT_TRUE(code_bound(oracle(570, 0, 4, 10), Decoding::kJohnson, 3).usable);
  EXPECT_FALSE(code_bound(oracle(512, 0, 4, 10), Decoding::kJohnson, 2).usable) << "the theorem wants s >= 3";
  EXPECT_FALSE(code_bound(oracle(1024, 0, 4, 10), Decoding::kUnique, 0).usable);
  EXPECT_FALSE(code_bound(oracle(0, 0, 4, 10), Decoding::kJohnson, 10).usable);
}

TEST(CodeBound, ConstantsByHand) {
  // 4 leaves: 6 pairs, each fixes one challenge.
  for (const Decoding decoding : {Decoding::kJohnson, Decoding::kUnique}) {
    EXPECT_NEAR(code_bound(oracle(1, 0, 4, 2), decoding, 3).log2_fold, std::log2(6.0) - challenge_bits(), 1e-9);
  }
}

TEST(CodeBound, LargestMultiplicityBelowTheTarget) {
  // The error grows like s^5: the chosen s fits, s + 1 does not.
  const CodeParams big = oracle(std::uint64_t{1} << 22, 100000, 6, 25);
  const CodeBound best = best_code_bound(big, Decoding::kJohnson, 129.01);
  ASSERT_TRUE(best.usable);
  EXPECT_LE(best.log2_fold + 5.0, -129.01);
  ASSERT_LT(best.multiplicity, kMaxMultiplicity);
  EXPECT_GT(code_bound(big, Decoding::kJohnson, best.multiplicity + 1).log2_fold + 5.0, -129.01);
}

TEST(CodeBound, ErrorAndListGrowWithMultiplicityAgreementFalls) {
  const CodeParams some = oracle(1000, 50, 4, 14);
  for (std::uint32_t s = 3; s < 60; ++s) {
    const CodeBound low = code_bound(some, Decoding::kJohnson, s);
    const CodeBound high = code_bound(some, Decoding::kJohnson, s + 1);
    EXPECT_LT(low.log2_fold, high.log2_fold);
    EXPECT_LT(low.log2_list, high.log2_list);
    EXPECT_GT(low.agreement, high.agreement);
  }
}

TEST(Queries, DistinctLeavesByHand) {
  // l = 4, N = 16: alpha = 5/8, A = 10; two distinct leaves agree with probability (10 9)/(16 15) = 3/8.
  const CodeBound bound = code_bound(oracle(4, 0, 0, 4), Decoding::kUnique, 0);
  EXPECT_NEAR(log2_query_error(bound, 16, 2), std::log2(0.375), 1e-12);
  EXPECT_NEAR(log2_query_error(bound, 16, 1), std::log2(0.625), 1e-12);
  // A + 1 leaves cannot all agree.
  EXPECT_LT(log2_query_error(bound, 16, 11), -800.0);
  EXPECT_EQ(least_queries(bound, 16, 1.4, 16), 2u);
  EXPECT_EQ(least_queries(bound, 16, 1.42, 16), 3u);
  EXPECT_EQ(least_queries(bound, 16, 1e3, 10), 0u);
}

TEST(Queries, LargeDomainByHand) {
  // A = floor(0.25302262 2^16) = 16582; product of 57 factors (16582 - i)/(65536 - i) = 2^-113.116, above 57 log2(alpha).
  const CodeBound bound = code_bound(oracle(4096, 58, 4, 16), Decoding::kJohnson, 200);
  EXPECT_NEAR(log2_query_error(bound, 65536, 57), -113.1160387204982, 1e-8);
  EXPECT_LT(log2_query_error(bound, 65536, 57), 57 * std::log2(bound.agreement));
  // 100 leaves in unique decoding: A = 34845.
  const CodeBound unique = code_bound(oracle(4096, 58, 4, 16), Decoding::kUnique, 0);
  EXPECT_NEAR(log2_query_error(unique, 65536, 100), -91.22971443161799, 1e-8);
}

TEST(OracleSearch, FixedPointOfQueriesAndRandomRows) {
  OracleGoal goal;
  goal.random_rows = {64, 4};
  const auto solved = solve_oracle(goal, 8192, 3, 17);
  ASSERT_TRUE(solved.has_value());
  EXPECT_EQ(solved->num_random_coefs, 64u * solved->num_queries + 4);
  const CodeBound bound = best_code_bound(*solved, goal.decoding, goal.fold_bits);
  EXPECT_LE(log2_query_error(bound, solved->domain_size(), solved->num_queries), -112.0);
  // One query less is not a fixed point: fewer random rows still need more queries than that.
  CodeParams less = *solved;
  less.num_queries -= 1;
  less.num_random_coefs -= 64;
  const CodeBound tighter = best_code_bound(less, goal.decoding, goal.fold_bits);
  EXPECT_GT(log2_query_error(tighter, less.domain_size(), less.num_queries), -112.0);
}

TEST(OracleSearch, RefusesWhatCannotWork) {
  OracleGoal goal;
  EXPECT_FALSE(solve_oracle(goal, 1024, 3, 10).has_value()) << "rate 1";
  goal.random_rows = {1, 1};
  EXPECT_FALSE(solve_oracle(goal, 16, 3, 6).has_value())
      << "the random rows of so many queries raise the rate above 1/2";
  goal.random_rows = {};
  goal.fold_bits = 190.0;
  EXPECT_FALSE(solve_oracle(goal, 1024, 3, 14).has_value()) << "fold error";
  EXPECT_EQ(least_log_domain(1024), 11);
  EXPECT_EQ(least_log_domain(1025), 12);
}

TEST(ProofSize, ExpectedDigestsByHand) {
  // One leaf of 2^d: d siblings. All leaves of 2^1 known from two queries: 2 ((1/2)^2 - 0) = 1/2 in expectation with
  // repetition, which bounds the distinct case.
  EXPECT_NEAR(expected_digests(10, 1), 10.0, 1e-9);
  EXPECT_NEAR(expected_digests(1, 2), 0.5, 1e-12);
  EXPECT_NEAR(expected_query_bytes(10, 1, 100), 100.0 + 320.0, 1e-9);
  // Fewer digests than separate paths.
  EXPECT_LT(expected_digests(20, 50), 50.0 * 20.0);
  EXPECT_GT(expected_digests(20, 50), 50.0 * (20.0 - 7.0));
}

}  // namespace
}  // namespace zkinfer::soundness
