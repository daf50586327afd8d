// SPDX-License-Identifier: Apache-2.0
// What prover and verifier of the opening share: the statement's power functionals, the shape of leaves, domain points,
// the claim's path through a sumcheck round, and functionals that are geometric on a range.
//
// Encoding of the oracles (rows of the Merkle trees, 8 bytes little-endian per element of F):
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
// prod_i (1 - point[i] + point[i] base^(2^i)) = sum_b eq_low_first(point)[b] base^b; cheaper where the base is in F.
template <class Base>
Fe eq_powers(std::span<const Fe> point, Base base) {
  Fe product = Fe::one();
  for (const Fe& coordinate : point) {
    product *= Fe::one() + coordinate * (base - Base(Fp(1)));
    base *= base;
  }
  return product;
}

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

// The functional f[t] = coef * base^(t - begin) for begin <= t < end, f[begin - 1] = head, f[end] = tail, else 0, on
// the index of some v_i. Binding low index bits keeps this shape.
class RangeFunctional {
 public:
  RangeFunctional(std::uint64_t begin, std::uint64_t end, Fe base, Fe coef)
      : begin_(begin), end_(end), base_(base), coef_(coef), base_in_f_(base.c[1].is_zero() && base.c[2].is_zero()) {}
  // f[t] <- sum_b weights[b] f[t * 2^point.size() + b], weights = eq_low_first(point).
  void bind_low(std::span<const Fe> point, std::span<const Fe> weights);
  // out[t] += sum of f[t] over all functionals; what lies outside of out is a bug.
  static void add_all(std::span<const RangeFunctional> functionals, std::span<Fe> out);

 private:
  void add_edges(std::span<Fe> out) const;
  // sum_b weights[b] f[first + b].
  Fe group_value(std::uint64_t first, std::span<const Fe> weights) const;
  Fe power_of_base(std::uint64_t exponent) const;
  Fe times_base(const Fe& x) const { return base_in_f_ ? x * base_.c[0] : x * base_; }

  std::uint64_t begin_;
  std::uint64_t end_;
  Fe base_;
  Fe coef_;
  Fe head_;
  Fe tail_;
  bool base_in_f_;  // domain points and their powers are; products then cost half
};

}  // namespace zkinfer::pcs
