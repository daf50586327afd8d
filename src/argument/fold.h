// SPDX-License-Identifier: Apache-2.0
// The verifier's evaluation of a functional of one oracle at the opening's challenges: with A = low_point.size() and
// low_point[i] the challenge of index bit i (least significant first), and U[lane][row] the functional's weights,
//   weights()[t] = sum_lane lane_weights[lane] sum_{j < 2^A} eq(low_point, j) U[lane][t 2^A + j],   t < ceil(rows / 2^A).
// Terms are added one at a time and kept no longer than the caller wants. A term costs the lengths of its vectors (once per
// vector) and a few multiplications for each block of the column that it does not miss.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <tuple>
#include <vector>

#include "argument/functional.h"
#include "circuit/layout.h"

namespace zkinfer::argument {

class FunctionalFold {
 public:
  // layout outlives the object.
  FunctionalFold(const circuit::Layout& layout, std::vector<Fe> lane_weights, std::vector<Fe> low_point);

  // term.column is a column of the layout's oracle. A term with an eq_point costs a few multiplications per block and address
  // bit, whatever the length of its vector.
  void add(const Term& term);
  // Drops what is remembered of vectors that nobody holds any more.
  void forget_vectors();
  std::vector<Fe> take() && { return std::move(weights_); }

 private:
  struct FoldedColumn {
    circuit::ColumnId like;  // the first column that is cut as it is: what is known of vectors is kept under it
    circuit::BlockIndex index;
    std::vector<Fe> block_weights;  // the lane's weight and the eq of address bits above the block but below A
  };
  // One vector on one axis of a column, its low index bits bound.
  struct BoundVector {
    std::weak_ptr<const std::vector<Fe>> vector;
    std::vector<std::uint32_t> hits;  // pieces of the axis on which it is not zero
    std::vector<std::vector<Fe>>
        tables;  // by placed piece (BlockIndex::placed), where it was needed and bits are bound
  };

  FoldedColumn& column_of(circuit::ColumnId id);
  void add_eq(const Term& term);
  BoundVector& bind(std::uint32_t axis, const FoldedColumn& column, const Vector& vector);
  void add_block(const Term& term, const circuit::ColumnLayout& layout, const FoldedColumn& column,
                 std::span<BoundVector* const> axes, std::span<const std::uint32_t> pieces);

  const circuit::Layout& layout_;
  std::vector<Fe> lane_weights_, low_point_;
  std::vector<Fe> weights_;
  std::map<circuit::ColumnId, FoldedColumn> columns_;
  std::map<circuit::Cuts, circuit::ColumnId> cuts_;
  std::map<std::tuple<circuit::ColumnId, std::uint32_t, const std::vector<Fe>*>, BoundVector> bound_;
  std::vector<Fe> high_, next_;
};

}  // namespace zkinfer::argument
