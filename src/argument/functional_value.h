// SPDX-License-Identifier: Apache-2.0
// The verifier's evaluation of a functional of one oracle at the opening's challenges: with U[lane][row] the functional's weights,
//   sum_lane lane_weights[lane] sum_row eq(point, offset + row) U[lane][row].
// A term is a sum over the blocks of its column, of the block's weight (its lane, and the eq of the address bits above it) times one
// factor per axis: the vector at the eq of the axis' own address bits. Factors, their products over blocks, and the sums are
// computed once, however many terms share them; a factor costs the length of a list, or the bits of an eq.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <tuple>
#include <vector>

#include "argument/functional.h"
#include "circuit/layout.h"
#include "commit/pcs/opening_verifier.h"

namespace zkinfer::argument {

// sum_{i < count} eq(a, i) eq(b, i); a and b of one length n, a[0] and b[0] for the highest bit; count <= 2^n.
Fe eq_dot(std::span<const Fe> a, std::span<const Fe> b, std::uint64_t count);

class FunctionalValue {
 public:
  // layout outlives the object. point[0] belongs to the lowest bit; blocks are aligned behind base.offset (pcs::BaseOracle).
  FunctionalValue(const circuit::Layout& layout, const pcs::BasePoint& base, std::span<const Fe> point);

  // term.column is a column of the layout's oracle.
  Fe of(const Term& term);
  // Drops what is remembered of vectors that nobody holds any more.
  void forget_vectors();

 private:
  struct PlacedColumn {
    circuit::ColumnId like;  // the first column that is cut as it is: what is known of vectors is kept under it
    circuit::BlockIndex index;
    std::vector<Fe> block_weights;
  };
  // One vector on one axis of a column.
  struct AxisFactors {
    std::weak_ptr<const AxisWeights> vector;
    std::vector<std::uint32_t> hits;           // pieces of the axis on which it is not zero
    std::vector<std::optional<Fe>> factors{};  // by placed piece (BlockIndex::placed)
  };
  // One vector on each axis.
  struct Pattern {
    std::vector<std::weak_ptr<const AxisWeights>> vectors;
    std::vector<std::pair<std::size_t, Fe>> blocks;  // product of the factors
    std::map<circuit::ColumnId, Fe> values;          // of columns that are cut alike
  };

  PlacedColumn& column_of(circuit::ColumnId id);
  Pattern& pattern_of(const PlacedColumn& column, const std::vector<Vector>& vectors);
  AxisFactors& factors_of(const PlacedColumn& column, std::uint32_t axis, const Vector& vector);
  Fe factor(const AxisWeights& vector, const circuit::AxisPiece& piece, int position);
  Fe block_product(const PlacedColumn& column, std::span<AxisFactors* const> axes, const std::vector<Vector>& vectors,
                   std::span<const std::uint32_t> pieces);
  // The point's coordinates of these bits, the highest first.
  std::vector<Fe> coordinates(int position, int bits) const;

  const circuit::Layout& layout_;
  pcs::BasePoint base_;
  std::vector<Fe> point_;
  std::map<circuit::ColumnId, PlacedColumn> columns_;
  std::map<circuit::Cuts, circuit::ColumnId> cuts_;
  std::map<std::tuple<circuit::ColumnId, std::uint32_t, const AxisWeights*>, AxisFactors> factors_;
  std::map<std::pair<circuit::ColumnId, std::vector<const AxisWeights*>>, Pattern> patterns_;
  std::map<std::pair<int, int>, std::vector<Fe>> eq_tables_;  // by position and bits
};

}  // namespace zkinfer::argument
