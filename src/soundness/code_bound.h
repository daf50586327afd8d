// SPDX-License-Identifier: Apache-2.0
// What is proven about one interleaved Reed-Solomon code: the radius used, the list size at that radius, the error of
// folding two words, and the error of queries.
//
// Let N = 2^log_domain, l = dimension, rho = l/N exactly, theta the radius (a word is "close" to a codeword when they
// differ on at most theta N leaves), alpha = 1 - theta the agreement.
//
// Johnson regime, one integer s >= 3 per code (the multiplicity of the interpolation in the theorem):
//   eta   = sqrt(rho)/s,   theta = 1 - sqrt(rho) - eta,   alpha = sqrt(rho)(1 + 1/s)
//   list  = 1/(2 eta sqrt(rho)) = s/(2 rho)                           any alphabet, so interleaved codes too
//   fold  = [ (2h^5 + 3 h theta rho) N/(3 rho'^1.5) + h/sqrt(rho') ] / |K|,   h = s + 1/2, rho' = (l - 1)/N
// Folding u + r v, r in K: except for that share of r, every set of alpha N leaves on which the folded word is a codeword
// is a set on which u and v are codewords (mutual correlated agreement). The theorem counts degrees, hence rho' in the
// denominators: with rho' <= rho its own multiplicity is at most s, so the bound is valid for our theta.
// The design notes write m for s/2 and put s = m in the bound (the version of the theorem for a line without the
// "mutual" part); we take the published version for mutual agreement, which costs at most two queries per oracle.
// Source: BCHKS25 = Ben-Sasson, Carmon, Habock, Kopparty, Saraf, "On Proximity Gaps for Reed-Solomon Codes", eprint
// 2025/2055, Theorem 4.6 with the bound and multiplicity of Theorem 4.2 for a curve of degree 1; the list size is the
// Johnson bound (WHIR, eprint 2024/1586, Lemma 4.4).
//
// Interleaving. With w pairs of lanes folded by the same r, a bad set for the interleaved word is bad for one of the w
// pairs, so the error is at most w times the one above: w = 2^(k-1) in the first round, then half of it each round.
//
// Unique decoding: theta = (1 - rho)/2, alpha = (1 + rho)/2, list = 1, fold = N/|K|. Source: BCIKS20 = eprint 2020/654,
// Theorem 1.4; below half the distance correlated agreement is mutual (WHIR, Lemma 4.10). Nothing rests on BCHKS25.
//
// Dimension 1 (constants) is outside of both theorems, but simple: if u + r v is constant on a set where (u, v) is not,
// two of its leaves have different (u, v) and the same u + r v, which fixes r; so fold = (N (N - 1)/2)/|K| at any radius.
//
// Queries: t distinct leaves, uniform among the t-subsets. A word that is not close agrees with a given codeword on at
// most A = floor(alpha N) leaves, so all t agree with probability prod_{i<t} (A - i)/(N - i).
#pragma once

#include <cstdint>

#include "commit/pcs/params.h"

namespace zkinfer::soundness {

inline constexpr std::uint32_t kMinMultiplicity = 3;
inline constexpr std::uint32_t kMaxMultiplicity = 200;

// Up to three base oracles (M or D, M' of a rotation, W) are folded by one challenge in the first rounds, and the sumcheck
// adds a little: each code is given log2(3) bits and a hundredth more than the target. Where there are more base oracles,
// the data oracles, which are small, are given so much more that sixteen of them fit into that hundredth.
inline constexpr double kFoldMargin = 1.595;
inline constexpr double kDataFoldMargin = 12.0;
inline double data_fold_margin(std::size_t num_bases) { return num_bases <= 3 ? kFoldMargin : kDataFoldMargin; }
// Lists of all base oracles multiply at delta (outer_terms.cc), so those of several data oracles are kept short.
inline constexpr double kMaxDataLog2List = 6.0;
inline double data_log2_list_limit(std::size_t num_data) { return num_data <= 1 ? 1e9 : kMaxDataLog2List; }

struct CodeBound {
  bool usable = false;             // false: no radius at this rate; every bound below is then trivial
  double rate = 1.0;               // rho
  std::uint32_t multiplicity = 0;  // s; 0 in unique decoding
  double agreement = 1.0;          // alpha
  double log2_list = 0.0;
  double log2_fold = 0.0;  // one pair of lanes
};

// The bound with a given multiplicity (ignored in unique decoding).
CodeBound code_bound(const pcs::CodeParams& oracle, Decoding decoding, std::uint32_t multiplicity);

// The largest multiplicity whose list has at most 2^max_log2_list members.
std::uint32_t multiplicity_limit(const pcs::CodeParams& oracle, Decoding decoding, double max_log2_list);

// The bound with the largest multiplicity s <= max_multiplicity whose fold error over 2^(log_lanes - 1) pairs is at most
// 2^-fold_bits; s = 3 when none is.
CodeBound best_code_bound(const pcs::CodeParams& oracle, Decoding decoding, double fold_bits,
                          std::uint32_t max_multiplicity = kMaxMultiplicity);

// log2 of the probability that num_queries distinct leaves all agree, without grinding.
double log2_query_error(const CodeBound& bound, std::uint64_t domain_size, std::uint64_t num_queries);

// The least t with log2_query_error <= -bits; 0 when no t <= limit does.
std::uint64_t least_queries(const CodeBound& bound, std::uint64_t domain_size, double bits, std::uint64_t limit);

}  // namespace zkinfer::soundness
