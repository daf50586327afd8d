// SPDX-License-Identifier: Apache-2.0
// Sumcheck prover for sum_i v[i] u[i] over K, dense, size rows * 2^num_rounds, binding the highest index bit first.
//
// Cost: one pass per round; binding a challenge and summing the next round share the pass. Memory: in place.
#pragma once

#include "commit/pcs/backend.h"

namespace zkinfer::pcs {

// sum_i a[i] b[i] on all cores.
Fe parallel_dot(FeCSpan a, FeCSpan b);

class DenseSumcheck {
 public:
  DenseSumcheck() = default;
  // v and u of equal size; claim = <v, u>.
  DenseSumcheck(FeVec v, FeVec u, Fe claim);

  RoundPolynomial round();
  void bind(Fe s);
  // After the last bind: the folded vectors.
  void finish();
  FeVec& v() { return v_; }
  FeVec& u() { return u_; }

 private:
  struct Sums {
    Fe at_zero;
    Fe at_infinity;
  };
  Sums fold_and_sum(bool fold, bool sum);

  FeVec v_;
  FeVec u_;
  Fe claim_;
  RoundPolynomial polynomial_;
  Fe at_zero_;
  Fe challenge_;
  bool must_fold_ = false;
};

}  // namespace zkinfer::pcs
