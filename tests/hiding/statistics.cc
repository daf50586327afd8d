// SPDX-License-Identifier: Apache-2.0
#include "hiding/statistics.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace zkinfer::e2e {

namespace {

// For sorted samples.
std::size_t distance(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) {
  std::size_t i = 0;
  std::size_t j = 0;
  std::size_t most = 0;
  while (i < a.size() && j < b.size()) {
    const std::uint64_t x = std::min(a[i], b[j]);
    while (i < a.size() && a[i] == x) ++i;
    while (j < b.size() && b[j] == x) ++j;
    most = std::max(most, i > j ? i - j : j - i);
  }
  return most;
}

std::uint64_t reversed(std::uint64_t x) {
  std::uint64_t out = 0;
  for (int bit = 0; bit < 64; ++bit) out |= (x >> bit & 1) << (63 - bit);
  return out;
}

}  // namespace

std::size_t ks_distance(std::vector<std::uint64_t> a, std::vector<std::uint64_t> b) {
  ZKI_CHECK_EQ(a.size(), b.size(), "equal samples");
  std::size_t most = 0;
  for (int reading = 0; reading < 2; ++reading) {
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    most = std::max(most, distance(a, b));
    std::transform(a.begin(), a.end(), a.begin(), reversed);
    std::transform(b.begin(), b.end(), b.begin(), reversed);
  }
  return most;
}

double ks_p_value(std::size_t distance, std::size_t n) {
  if (distance == 0) return 1.0;
  const auto log_factorial = [](std::size_t x) { return std::lgamma(static_cast<double>(x) + 1.0); };
  double sum = 0.0;
  double sign = 1.0;
  for (std::size_t step = distance; step <= n; step += distance, sign = -sign) {
    sum += sign * std::exp(2 * log_factorial(n) - log_factorial(n - step) - log_factorial(n + step));
  }
  return std::clamp(2 * sum, 0.0, 1.0);
}

void Family::add(double p_value, const std::string& name) {
  ++num_tests;
  if (p_value >= least) return;
  least = p_value;
  where = name;
}

double Family::add_column(const Samples& a, const Samples& b, std::size_t word, const std::string& name) {
  const double p_value = ks_p_value(ks_distance(column(a, word), column(b, word)), a.size());
  add(p_value, name);
  ++num_tests;  // the second reading
  return p_value;
}

std::vector<std::uint64_t> column(const Samples& samples, std::size_t word) {
  std::vector<std::uint64_t> out;
  out.reserve(samples.size());
  for (const auto& sample : samples) out.push_back(sample[word]);
  return out;
}

std::size_t affine_rank(const Samples& samples, std::span<const std::size_t> words) {
  std::vector<std::vector<Fp>> basis;  // reduced: the first non-zero entry of each is 1
  std::vector<std::size_t> pivots;
  for (std::size_t i = 1; i < samples.size() && basis.size() < words.size(); ++i) {
    std::vector<Fp> row;
    for (const std::size_t word : words) row.push_back(Fp(samples[i][word]) - Fp(samples[0][word]));
    for (std::size_t b = 0; b < basis.size(); ++b) {
      const Fp factor = row[pivots[b]];
      if (factor.is_zero()) continue;
      for (std::size_t j = pivots[b]; j < row.size(); ++j) row[j] -= factor * basis[b][j];
    }
    const auto pivot = std::find_if(row.begin(), row.end(), [](Fp x) { return !x.is_zero(); });
    if (pivot == row.end()) continue;
    const Fp scale = inverse(*pivot);
    pivots.push_back(static_cast<std::size_t>(pivot - row.begin()));
    for (Fp& x : row) x *= scale;
    basis.push_back(std::move(row));
  }
  return basis.size();
}

}  // namespace zkinfer::e2e
