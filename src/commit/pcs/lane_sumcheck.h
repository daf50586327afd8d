// SPDX-License-Identifier: Apache-2.0
// Sumcheck prover for one committed oracle's lanes: binds the lane bits of <e, U>, highest first, and returns the folded
// vector and functional.
//
// U = the weight source's lanes on the message rows, plus power functionals on all rows. The power functionals are
// products (lane part) x (row part), so they cost one evaluation per lane. The dense part handles its first three rounds by
// the products of eight lanes of e with eight lanes of U, which leaves e and U folded by eight.
// Cost: the weights twice (once when they are few), two passes over e, one over U. Memory: 2^m / 4 elements of K for e and U
// folded by eight; U is made some rows at a time.
#pragma once

#include <vector>

#include "commit/pcs/dense_sumcheck.h"
#include "commit/pcs/opening.h"
#include "commit/pcs/oracle_prover.h"
#include "commit/pcs/weights.h"

namespace zkinfer::pcs {

class LaneSumcheck {
 public:
  // weights may be null. All references outlive the object. most_kept: weights of at most so many elements are made once.
  LaneSumcheck(const CommittedOracle& oracle, const WeightSource* weights, const std::vector<PowerFunctional>& powers,
               std::size_t most_kept);

  // Rounds left: log_lanes at first.
  RoundPolynomial round();
  void bind(Fe s);

  // After log_lanes rounds: writes Fold e ([dimension]) and scale * U folded ([dimension]). Frees the work memory.
  void finish(Fp scale, FeSpan vector, FeSpan functional);

 private:
  // A functional lane_part[lane] * row_part[row], bound so far; evaluation[lane] = sum_row row_part[row] e[lane][row].
  struct Product {
    PowerFunctional power;
    std::vector<Fe> lane_part;
    std::vector<Fe> evaluations;
  };

  // Rows [begin, begin + count) of the lanes (a, low), a < gram_lanes, of U: [gram_lanes, count].
  void make_weights(std::size_t low, std::size_t begin, std::size_t count, FeSpan out) const;
  // Fills gram_, and groups_ where they are kept.
  void make_products();
  void fold_dense();
  std::size_t gram_lanes() const { return std::size_t{1} << gram_bits_; }
  std::size_t num_groups() const { return std::size_t{1} << (log_lanes_ - gram_bits_); }
  // Coefficients [begin, begin + scratch.size()) of lane (a, low), perhaps in `scratch`.
  FpCSpan coefs_of(std::size_t a, std::size_t low, std::size_t begin, FpSpan scratch) const {
    return oracle_.coefs().read(a * num_groups() + low, begin, scratch);
  }
  RoundPolynomial gram_round() const;
  void gram_bind(Fe s);

  const CommittedOracle& oracle_;
  const WeightSource* weights_;
  std::size_t num_coefs_;
  int log_lanes_;
  int gram_bits_;
  std::vector<Fe> point_;
  std::vector<Product> products_;
  bool keep_groups_;
  std::vector<FeVec> groups_;  // the weights [gram_lanes, num_coefs] of every `low`, when they are few
  // [gram_lanes, gram_lanes] while those rounds last; halves in both directions.
  std::vector<Fe> gram_;
  DenseSumcheck dense_;
};

}  // namespace zkinfer::pcs
