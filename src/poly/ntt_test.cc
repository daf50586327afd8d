// SPDX-License-Identifier: Apache-2.0
#include "poly/ntt.h"

#include <gtest/gtest.h>

#include <bit>
#include <random>
#include <vector>

#include "base/parallel.h"
#include "field/simd_test_util.h"

namespace zkinfer::poly {
namespace {

struct Case {
  int log_n;
  std::size_t num_lanes;
  std::size_t dim;
};

FpVec draw_matrix(std::mt19937_64& rng, std::size_t size) {
  FpVec matrix(size);
  for (Fp& x : matrix) x = Fp::reduce(rng() % 8 == 0 ? ~std::uint64_t{0} - rng() % 3 : rng());
  return matrix;
}

Fp evaluate(const FpVec& coefficients, std::size_t num_lanes, std::size_t dim, std::size_t lane, Fp x) {
  Fp value;
  for (std::size_t j = dim; j-- > 0;) value = value * x + coefficients[j * num_lanes + lane];
  return value;
}

TEST(Ntt, DomainPointsAreTheCoset) {
  const int log_n = 5;
  for (std::size_t row = 0; row < 32; ++row) {
    EXPECT_EQ(pow(domain_point(row, log_n), 32), pow(Fp(7), 32));
    for (std::size_t other = 0; other < row; ++other) {
      EXPECT_FALSE(domain_point(row, log_n) == domain_point(other, log_n));
    }
    EXPECT_EQ(domain_point(row ^ 1, log_n), -domain_point(row, log_n));
  }
}

TEST(Ntt, EncodingEvaluatesEveryLane) {
  std::mt19937_64 rng(11);
  std::vector<Case> cases;
  for (int log_n = 0; log_n <= 7; ++log_n) {
    const std::size_t n = std::size_t{1} << log_n;
    for (std::size_t num_lanes : {1, 2, 3, 5, 8, 12, 16, 17}) {
      for (std::size_t dim : {std::size_t{0}, std::size_t{1}, n / 8, n / 4, n / 4 + 1, n / 2, n / 2 + 3, n - 1, n}) {
        if (dim <= n) cases.push_back({log_n, num_lanes, dim});
      }
    }
  }
  for (const Case& c : cases) {
    const SimdTargetScope target(simd_targets()[rng() % simd_targets().size()]);
    const FpVec coefficients = draw_matrix(rng, c.num_lanes << c.log_n);
    FpVec matrix = coefficients;  // rows from dim on hold rubbish that must be ignored
    const Fp shift = rng() % 2 == 0 ? kDefaultShift : Fp::reduce(rng());
    encode_rows(matrix.span(), c.num_lanes, c.log_n, c.dim, shift);
    for (std::size_t row = 0; row < std::size_t{1} << c.log_n; ++row) {
      const Fp x = domain_point(row, c.log_n, shift);
      for (std::size_t lane = 0; lane < c.num_lanes; ++lane) {
        ASSERT_EQ(matrix[row * c.num_lanes + lane], evaluate(coefficients, c.num_lanes, c.dim, lane, x))
            << "log_n " << c.log_n << " lanes " << c.num_lanes << " dim " << c.dim << " row " << row;
      }
    }
  }
}

void expect_large_encoding(std::mt19937_64& rng, const Case& c) {
  const FpVec coefficients = draw_matrix(rng, c.num_lanes << c.log_n);
  FpVec matrix = coefficients, serial = coefficients;
  encode_rows(matrix.span(), c.num_lanes, c.log_n, c.dim);
  for (int draw = 0; draw < 20; ++draw) {
    const std::size_t row = rng() % (std::size_t{1} << c.log_n), lane = rng() % c.num_lanes;
    ASSERT_EQ(matrix[row * c.num_lanes + lane],
              evaluate(coefficients, c.num_lanes, c.dim, lane, domain_point(row, c.log_n)))
        << "log_n " << c.log_n << " lanes " << c.num_lanes << " dim " << c.dim << " row " << row;
  }
  const ThreadLimit one_thread(1);
  encode_rows(serial.span(), c.num_lanes, c.log_n, c.dim);
  for (std::size_t i = 0; i < serial.size(); ++i) ASSERT_EQ(serial[i], matrix[i]);
  decode_rows(matrix.span(), c.num_lanes, c.log_n);
  for (std::size_t i = 0; i < matrix.size(); ++i) {
    ASSERT_EQ(matrix[i], i < c.dim * c.num_lanes ? coefficients[i] : Fp());
  }
}

// Larger sizes take the grouped passes; checked at drawn rows.
TEST(Ntt, LargeEncodingsOnEveryTarget) {
  std::mt19937_64 rng(12);
  const std::vector<Case> cases = {{12, 1, 4096},  {14, 1, 4000}, {13, 3, 1024}, {12, 16, 1000}, {11, 32, 2048},
                                   {17, 1, 20000}, {14, 8, 4096}, {15, 8, 1025}, {10, 100, 300}};
  for (const simd::Target chosen : simd_targets()) {
    const SimdTargetScope target(chosen);
    for (const Case& c : cases) expect_large_encoding(rng, c);
  }
}

TEST(Ntt, OneLaneInPlace) {
  std::mt19937_64 rng(13);
  for (std::size_t size = 1; size <= 2048; size *= 2) {
    const FpVec coefficients = draw_matrix(rng, size);
    FpVec values = coefficients;
    ntt_coset(values.span(), Fp(3));
    EXPECT_EQ(values[size - 1],
              evaluate(coefficients, 1, size, 0, domain_point(size - 1, std::countr_zero(size), Fp(3))));
    intt_coset(values.span(), Fp(3));
    for (std::size_t i = 0; i < size; ++i) ASSERT_EQ(values[i], coefficients[i]);
  }
}

}  // namespace
}  // namespace zkinfer::poly
