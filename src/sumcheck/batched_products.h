// SPDX-License-Identifier: Apache-2.0
// Prover of sum_i coef_i sum_{x in {0,1}^{n_i}} prod_f T_{i,f}(x) = claim for many relations i in one sumcheck.
//
// Relation: n = max n_i rounds; relation i is extended by n - n_i leading variables that it does not depend on, scaled by
// 2^-(n - n_i): its round polynomials are constant at first and it becomes active in the last n_i rounds.
// Messages: per round the coefficients c_1 .. c_degree, hidden, in order; then a challenge under the same label.
// Verifier: receive_rounds (rounds.h). Pads: count_rounds_pads(n, degree).
// Soundness: error degree / |K| per round; the factor values at the end are unproven until the caller opens them.
// Cost: about 7 (two factors) or 12 (three) multiplications in K per table row, eq factors less (eq_product.h); tables are folded
// in place.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "field/vec.h"
#include "hiding/prover_channel.h"
#include "sumcheck/product_rounds.h"

namespace zkinfer::sumcheck {

struct ProductRelation {
  Fe coef;
  std::vector<FeVec> factors;  // 1 to 3 (at most `degree`) tables, all of the same size 2^n_i, n_i >= 0
  // One more factor, eq(eq_point, first variables), that needs no table; then there are one or two others.
  std::vector<Fe> eq_point = {};
  std::vector<FpVec> base_factors = {};  // with an eq_point: the factors when all their values lie in F
  bool squared = false;                  // with an eq_point: the one factor counts twice
};

struct [[nodiscard]] BatchedProducts {
  std::vector<Fe> point;                // [n], point[0] was bound first
  std::vector<std::vector<Fe>> values;  // [relation][factor]: T_{i,f}(last n_i coordinates of point), no eq
};

// The CPU's: consumes the tables. degree 2 or 3.
std::unique_ptr<ProductRounds> product_rounds(std::vector<ProductRelation> relations, int degree);

// Sends the rounds, wherever they are computed.
BatchedProducts prove_batched_products(hiding::ProverChannel& channel, const char* label, ProductRounds& rounds,
                                       int degree);
// The same on the CPU.
BatchedProducts prove_batched_products(hiding::ProverChannel& channel, const char* label,
                                       std::vector<ProductRelation> relations, int degree);

}  // namespace zkinfer::sumcheck
