// SPDX-License-Identifier: Apache-2.0
// Functional: a linear functional of one oracle's columns, a sum of rank-one tensors
//   sum_terms coef * sum_idx (prod_axis vectors[axis][idx_axis]) column[idx].
// The prover adds its dense weights lane by lane, the verifier folds it at the opening's challenges (pcs::WeightSource)
// at the cost of the vectors' lengths, not of the column's size.
#pragma once

#include <span>
#include <vector>

#include "circuit/layout.h"
#include "commit/pcs/weights.h"
#include "field/fe.h"

namespace zkinfer::circuit {

struct Term {
  ColumnId column = 0;
  Fe coef = Fe::one();
  std::vector<std::vector<Fe>> vectors;  // [column rank][axis length]
};

// The constant part and the column terms of  sum_i prod_b axis_vectors[b][i_b] expr(i)  over the box.
struct ExprFunctional {
  Fe constant;
  std::vector<Term> terms;
};

// axis_vectors: [box rank][box axis size].
ExprFunctional functional_of(const LinExpr& expr, const std::vector<Column>& columns, const Box& box,
                             const std::vector<std::vector<Fe>>& axis_vectors);

// eq(point, i) for i < size; point[0] is the most significant of point.size() bits, size <= 2^point.size().
std::vector<Fe> eq_vector(std::span<const Fe> point, std::uint64_t size);

class Functional final : public pcs::WeightSource {
 public:
  // layout outlives the object. All terms are of columns of that layout's oracle.
  Functional(const Layout& layout, std::vector<Term> terms);

  void add_lane(std::size_t lane, FeSpan out) const override;
  std::vector<Fe> fold(std::span<const Fe> lane_weights, std::span<const Fe> low_point) const override;

 private:
  void fold_column(ColumnId id, std::span<const Fe> lane_weights, std::span<const Fe> low_point,
                   std::vector<Fe>& out) const;

  // Whether the term is zero on the block: terms of one block of leaves touch few blocks of a column.
  bool misses(std::uint32_t term_index, const Block& block) const;

  const Layout& layout_;
  std::vector<Term> terms_;
  // Per term and axis, the range [first, last) outside which the vector is zero.
  std::vector<std::vector<std::pair<std::uint64_t, std::uint64_t>>> supports_;
  std::vector<std::vector<std::uint32_t>> terms_of_column_;  // by ColumnId
};

}  // namespace zkinfer::circuit
