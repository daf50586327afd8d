// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/share_bounds.h"

#include <algorithm>
#include <cmath>

namespace zkinfer {

namespace {

constexpr double kSlack = 1 + 0x1p-20;

// Of numbers lo .. hi with probabilities in the ratios p(j + 1) / p(j) = ratio(j), which never rise with j: the chance of `from` .. hi.
template <class Ratio>
double upper_tail(std::uint64_t lo, std::uint64_t hi, std::uint64_t from, const Ratio& ratio) {
  if (from <= lo) return 1;
  if (from > hi) return 0;
  // The likeliest number, where the ratio falls below 1.
  std::uint64_t mode = lo, end = hi;
  while (mode < end) {
    const std::uint64_t middle = mode + (end - mode) / 2;
    if (ratio(middle) >= 1)
      mode = middle + 1;
    else
      end = middle;
  }
  double all = 1, tail = mode >= from ? 1 : 0;
  double weight = 1;
  for (std::uint64_t j = mode; j < hi && weight > 0; ++j) {
    weight *= ratio(j);
    all += weight;
    if (j + 1 >= from) tail += weight;
  }
  weight = 1;
  for (std::uint64_t j = mode; j > lo && weight > 0; --j) {
    weight /= ratio(j - 1);
    all += weight;
    if (j - 1 >= from) tail += weight;
  }
  return std::min(1.0, tail / all * kSlack);
}

// Of `all` rows `good` are hits: the chance of at least `hits` among `sampled`.
double chance_of_set(std::uint64_t hits, std::uint64_t sampled, std::uint64_t all, std::uint64_t good) {
  const std::uint64_t lo = sampled > all - good ? sampled - (all - good) : 0;
  const auto real = [](std::uint64_t x) { return static_cast<double>(x); };
  return upper_tail(lo, std::min(sampled, good), hits, [&](std::uint64_t j) {
    return real(good - j) * real(sampled - j) / (real(j + 1) * real(all - good + j + 1 - sampled));
  });
}

double chance_of_source(std::uint64_t hits, std::uint64_t sampled, double share) {
  if (share <= 0 || share >= 1) return hits == 0 || share >= 1 ? 1 : 0;
  const double odds = share / (1 - share);
  return upper_tail(0, sampled, hits, [&](std::uint64_t j) {
    return static_cast<double>(sampled - j) / static_cast<double>(j + 1) * odds;
  });
}

// The fewest good rows with which `hits` or more are likelier than error.
std::uint64_t least_good(std::uint64_t hits, std::uint64_t sampled, std::uint64_t rows, double error) {
  std::uint64_t first = hits, end = rows - (sampled - hits);
  while (first < end) {
    const std::uint64_t middle = first + (end - first) / 2;
    if (chance_of_set(hits, sampled, rows, middle) > error)
      end = middle;
    else
      first = middle + 1;
  }
  return first;
}

// A share with which `hits` or more are no likelier than error, as large as doubles tell.
double least_share(std::uint64_t hits, std::uint64_t sampled, double error) {
  double low = 0, high = 1;
  if (hits == 0) return 0;
  for (int i = 0; i < 64; ++i) {
    const double middle = low + (high - low) / 2;
    (chance_of_source(hits, sampled, middle) > error ? high : low) = middle;
  }
  return low;
}

}  // namespace

Interval share_of_all(std::uint64_t hits, std::uint64_t sampled, std::uint64_t rows, double confidence) {
  if (sampled == 0 || sampled > rows || hits > sampled) return {};
  const double error = (1 - confidence) / 2, all = static_cast<double>(rows);
  return {static_cast<double>(least_good(hits, sampled, rows, error)) / all,
          static_cast<double>(rows - least_good(sampled - hits, sampled, rows, error)) / all};
}

Interval share_of_source(std::uint64_t hits, std::uint64_t sampled, double confidence) {
  if (sampled == 0 || hits > sampled) return {};
  const double error = (1 - confidence) / 2;
  return {least_share(hits, sampled, error), 1 - least_share(sampled - hits, sampled, error)};
}

}  // namespace zkinfer
