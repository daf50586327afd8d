// SPDX-License-Identifier: Apache-2.0
// A language model's program whose choices are drawn: scores -> tokens by a rule with public noise (docs/sampling.md). It is made of the
// operators that there are, behind the scores of a program that chooses the most likely token; an input comes to that of the tokens:
//   drawn [1, P, K + 3]  of each position the noise of K candidates, 0: none, else 1 + noise, in the scores' unit / 2^fraction_bits; all zeros: the
//                        first candidate is taken. Then the rule: the share of top-p in 1/2^16, and by what the score of a token that was there is
//                        multiplied, above 0 and below, in 1/2^14
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "qir/qgraph.h"

namespace zkinfer::qir {

struct SamplerShape {
  std::int64_t positions = 0, vocabulary = 0;
  std::int64_t candidates = 0;  // K: the tokens with the largest scores, of which one is drawn
  Scale unit;                   // of a score
  int fraction_bits = 0;        // of noise, behind the score's unit
};

inline constexpr std::int64_t kRuleNumbers = 3;
inline constexpr std::int64_t kMostTemperature = 2 << 10;  // in 1/2^10

// scored: its first input is of tokens [1, n], its output of scores [1, P, V]; P = n, each position sees the tokens up to it, or P = 1, it sees
// all. The output of what comes out is [1, P], with that name. unsupported: scores in a unit, or of a range, that the rule has no numbers for;
// invalid_argument: no scores, or candidates other than 1 to V.
Result<QGraph> with_sampler(QGraph scored, std::int64_t candidates, const std::string& output_name);

struct Sampled {
  QGraph scored;
  SamplerShape shape;
};
// What with_sampler was given, where `graph` is what it gave, byte by byte but for the order of values and tables; nothing otherwise.
std::optional<Sampled> sampler_of(const QGraph& graph);

// A program that ends in an ArgMax over scores [1, P, V], its scores as output; nothing where it is no such.
std::optional<QGraph> scored_of(QGraph chooses);
// The other way: the choice is the most likely token.
QGraph greedy_of(QGraph scored, const std::string& output_name);

// 1 + the noise of a candidate whose random number is r.
std::int64_t noise_of(const SamplerShape& shape, std::int64_t temperature, std::uint32_t random);
// The numbers of the rule. top_p: in 1/2^16, 1 to 2^16, which is no limit; repetition: in 1/2^10, 2^8 to 2^12, 2^10 no penalty.
std::vector<std::int64_t> rule_numbers(std::int64_t top_p, std::int64_t repetition);

// -ln(-ln((2 r + 1) / 2^33)) in 1/2^24, rounded down: Gumbel's distribution.
std::int64_t gumbel(std::uint32_t random);

}  // namespace zkinfer::qir
