// SPDX-License-Identifier: Apache-2.0
// The statistics of the distribution tests. Both have exact false-alarm rates; no asymptotics.
//
// Kolmogorov-Smirnov, two samples of n each: D = k/n is the largest distance of the empirical distribution functions, and
// for continuous distributions (field elements: ties have probability 2^-50)
//   P(D >= k/n) = 2 sum_(j>=1) (-1)^(j+1) C(2n, n - j k) / C(2n, n)                  (Gnedenko, Korolyuk 1951).
// With ties P is at most that. It is taken of the values as integers, and of their bits in reverse order: the first sees
// differences in the top bits, the second in the bottom ones.
//
// Rank: n uniform vectors of F^m, n > m: their differences from the first one span F^m but for a chance of about p^(m-n).
// A vector that obeys a linear relation over F (too few random coefficients, one pad in two places) loses a dimension.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "field/fp.h"

namespace zkinfer::e2e {

// samples[i][w]: word w of the i-th observation.
using Samples = std::vector<std::vector<std::uint64_t>>;

// The larger distance of the two readings, in units of 1/n. Equal sizes.
std::size_t ks_distance(std::vector<std::uint64_t> a, std::vector<std::uint64_t> b);
double ks_p_value(std::size_t distance, std::size_t n);

// Many tests at once: the least p-value times the number of tests (Bonferroni) bounds the false-alarm rate of all.
struct Family {
  std::size_t num_tests = 0;
  double least = 1.0;
  std::string where;

  void add(double p_value, const std::string& name);
  // Of one column of two samples: two tests.
  double add_column(const Samples& a, const Samples& b, std::size_t word, const std::string& name);
  double corrected() const { return std::min(1.0, least * static_cast<double>(num_tests)); }
};

std::vector<std::uint64_t> column(const Samples& samples, std::size_t word);

// Dimension over F of the span of samples[i] - samples[0] in the given words.
std::size_t affine_rank(const Samples& samples, std::span<const std::size_t> words);

}  // namespace zkinfer::e2e
