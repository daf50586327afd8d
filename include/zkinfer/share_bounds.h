// SPDX-License-Identifier: Apache-2.0
// What a share of some rows says of others: exact confidence intervals, with no approximation of the distribution. Tails are summed term by term,
// relative to the largest, so that they are known to a part in 2^20, and are taken that much larger: rounding never makes an interval narrower.
#pragma once

#include <cstdint>

namespace zkinfer {

struct Interval {
  double low = 0, high = 1;
};

// `hits` of `sampled` rows, each set of which is as likely as any other, out of `rows`: the share of all rows, by the hypergeometric
// distribution. Every share outside gives so many hits, or more extreme ones, with a chance of at most (1 - confidence) / 2.
Interval share_of_all(std::uint64_t hits, std::uint64_t sampled, std::uint64_t rows, double confidence);

// The same of independent rows from a source (Clopper and Pearson): the chance that a further row is a hit.
Interval share_of_source(std::uint64_t hits, std::uint64_t sampled, double confidence);

}  // namespace zkinfer
