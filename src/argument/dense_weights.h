// SPDX-License-Identifier: Apache-2.0
// Prover side: the dense weights of a functional of one oracle, lane by lane.
#pragma once

#include "argument/functional.h"
#include "circuit/layout.h"
#include "commit/pcs/weights.h"

namespace zkinfer::argument {

class DenseWeights final : public pcs::WeightSource {
 public:
  // layout outlives the object. All terms are of columns of that layout's oracle.
  DenseWeights(const circuit::Layout& layout, std::vector<Term> terms);

  void add_rows(std::size_t lane, std::size_t first, const Fe& factor, FeSpan out) const override;

 private:
  // Whether the term is zero on the block: terms of one block of leaves touch few blocks of a column.
  bool misses(std::uint32_t term_index, const circuit::Block& block) const;

  const circuit::Layout& layout_;
  std::vector<Term> terms_;
  // Per term and axis, the range [first, last) outside which the vector is zero.
  std::vector<std::vector<std::pair<std::uint64_t, std::uint64_t>>> supports_;
  std::vector<std::vector<std::uint32_t>> terms_of_column_;  // by ColumnId
};

}  // namespace zkinfer::argument
