// SPDX-License-Identifier: Apache-2.0
// Sizes in bits of challenges from K, and sums of probabilities in the log2 domain.
//
// A challenge has three limbs, each a uniform 85-bit integer reduced mod p. A residue has at most
// ceil(2^85 / p) <= 2^85/p + 1 preimages, so its probability is at most (1/p)(1 + p 2^-85), and an element of K has
// probability at most p^-3 (1 + p 2^-85)^3. A set of B bad challenges is therefore hit with probability at most
// B 2^-kChallengeBits, kChallengeBits = 3 log2 p - 3 log2(1 + p 2^-85): 2^-19 bits less than log2 |K|.
//
// Rounding: logarithms are doubles. Every quantity here is below 2^10 and results from fewer than 2^10 operations, each
// with a relative error below 2^-51, so a result is off by less than 2^-30. to_bits() takes kRoundingSlack off, so that a
// printed bound is never above the true one. Other machines: docs/soundness.md, "Challenges".
#pragma once

namespace zkinfer::soundness {

inline constexpr double kRoundingSlack = 0x1p-30;

// log2 of the inverse of the largest probability of one element of K: 191.99999...
double challenge_bits();

// log2(2^a + 2^b); either may be -infinity (probability zero).
double log2_sum(double a, double b);

// log2 of `count` bad challenges out of K: log2(count) - challenge_bits(). -infinity for count = 0.
double log2_bad_fraction(double count);

// Security in bits of a probability given by its log2: rounded down, at least 0, +infinity for probability zero.
double to_bits(double log2_error);

}  // namespace zkinfer::soundness
