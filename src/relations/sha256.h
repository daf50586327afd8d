// SPDX-License-Identifier: Apache-2.0
// The SHA-256 of a tensor's canonical bytes (statement/canonical_bytes.h) as columns and relations, over all N blocks of the
// padded message at once. Bit k of a word has weight 2^k; b, c, d of round t are a of earlier rounds, f, g, h are e.
//
//   bits [N, 32, 200]       rows 0 .. 67: a, rows 68 .. 135: e, rows 136 .. 199: schedule w. Of a (e), rows 0 .. 3 are d, c, b, a
//                           (h, g, f, e) at the block's start, row t + 4 is what round t makes.
//   choice [N, 16, 64]      Sigma1(e) + Ch(e, f, g): entry i is the sum of bits i and 2^16 times the sum of bits i + 16
//   majority [N, L, 64]     Sigma0(a) + Maj(a, b, c), the same for L = 16 or with bits i, i + 8, i + 16, i + 24 for L = 8
//   schedule [N, L, 48]     sigma0(w) + sigma1(w') for w_(t + 16)
//   carries [N, 184]        of new e (64), of new a plus 1 (64), of w_(t + 16) (48), of the state after the block (8)
//   words [..]              message entries as numbers: what the bytes are read as
//   digest [1, 8]
//
// Relations (B = bits):
//   B^2 = B everywhere                                                                      one contraction
//   choice, majority, schedule = T[key], key = the bits' sums, one digit per position        a lookup each
//   sum_k 2^k (e_new - d - h - choice - w)      = K_t - 2^32 carry                           a contraction each:
//   sum_k 2^k (a_new - e_new + d - majority)    = 2^32 - 2^32 carry                          Y is the equation's other side,
//   sum_k 2^k (w_16 - schedule - w_9 - w_0)     = -2^32 carry                                k runs over a word's bits
//   sum_k 2^k (first_(n+1) - first_n - last_n)  = [n + 1 = 0] IV - [n + 1 = N] digest - 2^32 carry
//   sum_k 2^k (bits of an entry)                = the entry, or a constant of the padding
//
// Soundness: bits are 0 or 1, so every key has exactly one decomposition in digits, words lie in [0, 2^32), and since carries lie
// in a range table of at most 2^16 rows, no equation wraps around p: each determines its word. An entry of 1, 2 or 4 bytes is its
// bits (two's complement if signed), entries of 8 bytes are two words (see the code).
//
// Cost: per block 9,400 elements of W and 3,000 lookups, and 1,536 table rows; from 150 blocks on 8,500 elements, 2,100 lookups and
// 132,096 rows. The elements are nearly all of it.
#pragma once

#include "relations/builder.h"

namespace zkinfer::relations {

inline constexpr std::size_t kSha256FirstA = 0;
inline constexpr std::size_t kSha256FirstE = 68;
inline constexpr std::size_t kSha256FirstW = 136;
inline constexpr std::size_t kSha256Rows = 200;
// Carries: of new e, of new a, of the schedule, of the next state (a's four rows, then e's).
inline constexpr std::size_t kSha256CarryA = 64;
inline constexpr std::size_t kSha256CarryW = 128;
inline constexpr std::size_t kSha256CarryState = 176;
inline constexpr std::size_t kSha256Carries = 184;

// Blocks of a message of num_bytes bytes, padding included.
std::uint64_t sha256_blocks(std::uint64_t num_bytes);
// Entries of `majority` and `schedule` per word (L above): long messages pay for larger tables with fewer lookups.
std::uint64_t sha256_lookups_per_word(std::uint64_t num_blocks);

}  // namespace zkinfer::relations
