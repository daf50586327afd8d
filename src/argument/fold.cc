// SPDX-License-Identifier: Apache-2.0
#include "argument/fold.h"

#include <algorithm>

#include "base/check.h"
#include "field/eq.h"

namespace zkinfer::argument {

FunctionalFold::FunctionalFold(const circuit::Layout& layout, std::vector<Fe> lane_weights, std::vector<Fe> low_point)
    : layout_(layout), lane_weights_(std::move(lane_weights)), low_point_(std::move(low_point)) {
  ZKI_CHECK_EQ(lane_weights_.size(), std::size_t{1} << layout.log_lanes, "a weight per lane");
  const std::uint64_t step = std::uint64_t{1} << low_point_.size();
  weights_.resize((layout.num_coefs + step - 1) / step);
}

FunctionalFold::FoldedColumn& FunctionalFold::column_of(circuit::ColumnId id) {
  const auto known = columns_.find(id);
  if (known != columns_.end()) return known->second;
  const circuit::ColumnLayout& layout = layout_.columns[id];
  FoldedColumn column{cuts_.emplace(layout.cuts, id).first->second, circuit::BlockIndex(layout.cuts), {}};
  for (const circuit::PlacedBlock& placed : layout.blocks) {
    Fe weight = lane_weights_[placed.lane];
    for (auto bit = static_cast<std::size_t>(placed.block.log_size()); bit < low_point_.size(); ++bit) {
      weight *= ((placed.row >> bit) & 1) != 0 ? low_point_[bit] : Fe::one() - low_point_[bit];
    }
    column.block_weights.push_back(weight);
  }
  return columns_.emplace(id, std::move(column)).first->second;
}

FunctionalFold::BoundVector& FunctionalFold::bind(std::uint32_t axis, const FoldedColumn& column,
                                                  const Vector& vector) {
  BoundVector& bound = bound_[{column.like, axis, vector.get()}];
  if (bound.vector.lock() == vector) return bound;
  bound = {vector, {}, {}};
  const std::vector<circuit::AxisPiece>& pieces = layout_.columns[column.like].cuts.pieces[axis];
  for (std::uint32_t i = 0; i < pieces.size(); ++i) {
    const auto begin = vector->begin() + static_cast<std::ptrdiff_t>(pieces[i].begin);
    const auto end = begin + static_cast<std::ptrdiff_t>(pieces[i].length);
    if (!std::all_of(begin, end, [](const Fe& x) { return x.is_zero(); })) bound.hits.push_back(i);
  }
  bound.tables.resize(pieces.size() * column.index.positions(axis));
  return bound;
}

namespace {

// table[m] = sum over i with i >> point.size() = m of vector[i] eq(point, low bits of i), point[0] for the lowest bit.
std::vector<Fe> bind_low(std::span<const Fe> vector, std::span<const Fe> point) {
  std::vector<Fe> table(vector.begin(), vector.end());
  for (const Fe& r : point) {
    const std::size_t half = (table.size() + 1) / 2;
    for (std::size_t i = 0; i < half; ++i) {
      const Fe low = table[2 * i];
      const Fe high = 2 * i + 1 < table.size() ? table[2 * i + 1] : Fe();
      table[i] = low + r * (high - low);
    }
    table.resize(half);
  }
  table.shrink_to_fit();
  return table;
}

}  // namespace

// Adds the term's coef times the block's weight times the outer product of the axes' tables on these pieces, from the lowest axis up; axes
// that are bound whole are one factor, and most blocks have no others.
void FunctionalFold::add_block(const Term& term, const circuit::ColumnLayout& layout, const FoldedColumn& column,
                               std::span<BoundVector* const> axes, std::span<const std::uint32_t> pieces) {
  const std::size_t block = column.index.block(pieces);
  Fe weight = term.coef * column.block_weights[block];
  high_.clear();
  int high_bits = 0;
  int position = 0;
  const auto low_bits = static_cast<int>(low_point_.size());
  for (std::size_t k = layout.cuts.order.size(); k-- > 0;) {
    const std::uint32_t axis = layout.cuts.order[k];
    const circuit::AxisPiece& piece = layout.cuts.pieces[axis][pieces[axis]];
    const int bound_bits = std::max(0, std::min(piece.bits, low_bits - position));
    std::span<const Fe> table = std::span(*term.vectors[axis]).subspan(piece.begin, piece.length);
    if (bound_bits > 0) {
      std::vector<Fe>& known = axes[axis]->tables[column.index.placed(axis, pieces[axis], position)];
      if (known.empty()) {
        known = bind_low(
            table,
            std::span(low_point_).subspan(static_cast<std::size_t>(position), static_cast<std::size_t>(bound_bits)));
      }
      table = known;
    }
    const int free_bits = piece.bits - bound_bits;
    position += piece.bits;
    if (free_bits == 0) {
      weight *= table[0];
      continue;
    }
    if (high_bits == 0) {
      high_.assign(std::size_t{1} << free_bits, Fe());
      std::copy(table.begin(), table.end(), high_.begin());
    } else {
      next_.assign(high_.size() << free_bits, Fe());
      for (std::size_t m = 0; m < table.size(); ++m) {
        for (std::size_t i = 0; i < high_.size(); ++i) next_[(m << high_bits) + i] = table[m] * high_[i];
      }
      high_.swap(next_);
    }
    high_bits += free_bits;
  }
  Fe* out = weights_.data() + (layout.blocks[block].row >> low_point_.size());
  if (high_.empty()) out[0] += weight;
  for (std::size_t i = 0; i < high_.size(); ++i) out[i] += weight * high_[i];
}

// An aligned block of 2^bits entries has eq(high coordinates, its number) times the eq vector of the low ones, and binding an
// address bit at l makes one factor of each coordinate p: (1 - p)(1 - l) + p l.
void FunctionalFold::add_eq(const Term& term) {
  const FoldedColumn& column = column_of(term.column);
  const circuit::ColumnLayout& layout = layout_.columns[term.column];
  const std::span<const Fe> point(term.eq_point);
  ZKI_CHECK_EQ(layout.cuts.pieces.size(), std::size_t{1}, "one axis");
  const std::vector<circuit::AxisPiece>& pieces = layout.cuts.pieces[0];
  const auto bits = static_cast<std::size_t>(pieces[0].bits);
  ZKI_CHECK_EQ(pieces.size() << bits, std::size_t{1} << point.size(), "an axis of a power of two in equal pieces");
  const std::span<const Fe> low = point.last(bits);
  const std::size_t num_bound = std::min(bits, low_point_.size());
  Fe bound = term.coef;
  for (std::size_t i = 0; i < num_bound; ++i) {
    const Fe& p = low[bits - 1 - i];
    const Fe product = p * low_point_[i];
    bound *= Fe::one() - p - low_point_[i] + product + product;
  }
  const std::vector<Fe> high = eq_vector(point.first(point.size() - bits));
  const std::vector<Fe> free = eq_vector(low.first(bits - num_bound));
  for (std::uint32_t i = 0; i < pieces.size(); ++i) {
    const std::size_t block = column.index.block(std::span(&i, 1));
    const Fe weight = bound * high[pieces[i].begin >> bits] * column.block_weights[block];
    Fe* out = weights_.data() + (layout.blocks[block].row >> low_point_.size());
    for (std::size_t j = 0; j < free.size(); ++j) out[j] += weight * free[j];
  }
}

void FunctionalFold::forget_vectors() {
  std::erase_if(bound_, [](const auto& entry) { return entry.second.vector.expired(); });
}

void FunctionalFold::add(const Term& term) {
  if (!term.eq_point.empty()) return add_eq(term);
  const FoldedColumn& column = column_of(term.column);
  const circuit::ColumnLayout& layout = layout_.columns[term.column];
  std::vector<BoundVector*> axes;
  for (std::uint32_t axis = 0; axis < term.vectors.size(); ++axis) {
    axes.push_back(&bind(axis, column, term.vectors[axis]));
    if (axes.back()->hits.empty()) return;
  }
  // All combinations of pieces that no vector is zero on.
  std::vector<std::size_t> at(axes.size(), 0);
  std::vector<std::uint32_t> pieces(axes.size());
  while (true) {
    for (std::size_t axis = 0; axis < axes.size(); ++axis) pieces[axis] = axes[axis]->hits[at[axis]];
    add_block(term, layout, column, axes, pieces);
    std::size_t axis = axes.size();
    while (axis > 0 && ++at[axis - 1] == axes[axis - 1]->hits.size()) at[--axis] = 0;
    if (axis == 0) break;
  }
}

}  // namespace zkinfer::argument
