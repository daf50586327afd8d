// SPDX-License-Identifier: Apache-2.0
// One relation of a batched sumcheck with an eq factor: sum_x eq(r, first variables of x) prod_f T_f(x), one or two factors.
//
// Relation: h(X) = E eq(r_i, X) q(X), where E is the eq of the variables bound so far and q(X) = sum_x eq(rest of r, x) prod_f
// T_f(challenges, X, x) has a degree less. Nobody sees q: the round sends h's coefficients like any other relation.
// Cost: about 5 (one factor, squared) or 7 (two) multiplications in K per table row; the eq factor is never a table as long as the
// factors, and the first round of factors in F costs a fraction.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "sumcheck/batched_products.h"
#include "sumcheck/product_kernels.h"

namespace zkinfer::sumcheck {

// eq(point, x) over the rows of one round as outer[block] * inner[row of the block]; variables behind the point's weigh nothing.
class EqWeights {
 public:
  void set(std::span<const Fe> point, std::size_t num_free_variables);
  std::size_t block_rows() const { return inner_.size(); }
  Fe outer(std::size_t block) const { return outer_.get(block >> outer_free_); }
  FeCSpan inner() const { return inner_.span(); }

 private:
  FeVec inner_, outer_;
  std::size_t outer_free_ = 0;
};

class EqProduct {
 public:
  explicit EqProduct(ProductRelation relation);

  int log_size() const { return log_size_; }
  // Once per round, before its rows are summed; last_challenge bound the variable before.
  void begin_round(const Fe& last_challenge);
  // Rows [begin, end) of the round's half tables, begin a multiple of kMaxWeightedRows: folds them first where that is due.
  // Disjoint ranges may run at once.
  ProductSums sum_rows(std::size_t begin, std::size_t end);
  RoundCoefs end_round(const ProductSums& sums);
  // The factors after the last challenge.
  std::vector<Fe> values(const Fe& last_challenge) const;

 private:
  struct Table {
    FpVec base;    // before the first fold, when the values lie in F
    FeVec values;  // otherwise
    FactorView view() const { return base.empty() ? FactorView(values.span()) : FactorView(base.span()); }
  };

  bool bound_all() const { return round_ >= static_cast<int>(point_.size()); }

  std::vector<Table> tables_;
  bool squared_ = false;
  std::vector<Fe> point_;
  int log_size_ = 0;
  int round_ = -1;
  Fe challenge_;
  EqWeights weights_;
  Fe scale_ = Fe::one();  // E
  Fe claim_;  // of q: eq(r_i, 0) q(0) + eq(r_i, 1) q(1) or, behind the point, q(0) + q(1); known after the first round
  std::array<Fe, 3> q_;  // the coefficients of this round's q
};

}  // namespace zkinfer::sumcheck
