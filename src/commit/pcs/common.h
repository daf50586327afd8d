// SPDX-License-Identifier: Apache-2.0
// What prover and verifier of the opening share: the statement's power functionals, the shape of leaves, domain points,
// the claim's path through a sumcheck round, the ranges that opened rows and zeros speak of, and geometric sums.
//
// Encoding of the oracles (rows of the Merkle trees, 8 bytes big-endian per element of F):
//   M, D_i, W  row x = [e_0(x), .., e_(2^k - 1)(x)]                         2^k values
//   g_i   row x = [lane 0: c0 c1 c2, lane 1: c0 c1 c2, ..]                   3 * 2^k values
//   X     row x = [X(x): c0 c1 c2, S(x): c0 c1 c2]                          6 values
// Row i belongs to the point shift * w^reverse(i) (poly/ntt.h).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "commit/merkle/merkle.h"
#include "commit/pcs/params.h"
#include "field/fe.h"
#include "hiding/linear_form.h"

namespace zkinfer::pcs {

// coef * sum_j base^j (e_o)_j over all entries of a base oracle, random rows included; flat index j = lane * dimension + row.
// The out-of-domain value v of a model's or tensor commitment is such a functional.
struct PowerFunctional {
  Fe base;
  Fe coef;
};

inline constexpr std::size_t kMaskLeafValues = 6;
inline std::size_t base_leaf_values(const CodeParams& oracle) { return oracle.num_lanes(); }
inline std::size_t fold_leaf_values(const CodeParams& oracle) { return 3 * oracle.num_lanes(); }
// The label of base oracle i's rows: "model rows", "data rows", "witness rows".
const char* base_rows_label(const OpeningParams& params, std::size_t base);
merkle::TreeShape tree_shape(const CodeParams& oracle, std::size_t leaf_values);

// The domain points of the given rows.
std::vector<Fp> domain_points(const CodeParams& oracle, std::span<const std::uint64_t> rows);

inline constexpr Fp kInverseOfTwo{(Fp::kModulus + 1) / 2};

// eq_vector (field/eq.h) with point[0] for the least significant bit.
std::vector<Fe> eq_low_first(std::span<const Fe> point);
// Fold of one opened row: sum_lane weights[lane] * lane value. row: [lanes] or [lanes, 3].
Fe fold_base_row(std::span<const Fp> row, std::span<const Fe> weights);
Fe fold_extension_row(std::span<const Fp> row, std::span<const Fe> weights);

// The claim of the opening's sumcheck, without the mu that it began with. Kept times 2^rounds, so that a round touches no
// coefficient that is there.
class RunningClaim {
 public:
  // claim += factor form.
  void add(const hiding::LinearForm& form, const Fe& factor) { form_.add_scaled(form, factor * scale_); }
  // A round with the polynomial h(s) = c0 + c1 s + c2 s^2, claim h(0) + h(1); c0 is not sent.
  // claim <- h(s) = (claim - c1 - c2) / 2 + c1 s + c2 s^2.
  void advance(const hiding::LinearForm& c1, const hiding::LinearForm& c2, const Fe& s);
  // What is left of mu, and of the rest of the claim.
  Fp weight_of_mu() const { return inverse(scale_); }
  hiding::LinearForm form() const { return form_ * Fe(weight_of_mu()); }

 private:
  hiding::LinearForm form_;
  Fp scale_{1};
};

// sum_{begin <= j < end} eq(point, j) base^(j - begin), point[0] for the lowest bit of j; begin <= end <= 2^point.size(). A few
// multiplications per bit, fewer where begin and end end in zeros; half where the base is in F.
template <class Base>
Fe range_sum(std::span<const Fe> point, std::uint64_t begin, std::uint64_t end, const Base& base);

// Index ranges of v_(stage + 1), the vector that fold `stage` encodes (folds.size(): the final vector).
struct IndexRange {
  std::uint64_t begin;
  std::uint64_t end;
};
// Of each oracle that the stage queries, in order: a row opened at x says sum v[begin + j] x^j = fold of the row, over the whole
// range. It ends behind what the oracle fills, where entries are zero anyway (zero_ranges, or behind the final vector).
std::vector<IndexRange> row_ranges(const OpeningParams& params, std::size_t stage);
// Whose entries the stage pins to zero: the gaps of v_1, and from the end of the vector to the end of a fold's message rows.
std::vector<IndexRange> zero_ranges(const OpeningParams& params, std::size_t stage);

}  // namespace zkinfer::pcs
