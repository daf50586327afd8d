// SPDX-License-Identifier: Apache-2.0
#include "argument/functional_value.h"

#include <algorithm>

#include "base/check.h"
#include "field/eq.h"

namespace zkinfer::argument {

Fe eq_dot(std::span<const Fe> a, std::span<const Fe> b, std::uint64_t count) {
  // From the lowest bit on: the sum over all of its bits, and over those below count's.
  Fe all = Fe::one(), below;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::size_t at = a.size() - 1 - i;
    const Fe one = a[at] * b[at];
    const Fe zero = Fe::one() - a[at] - b[at] + one;
    below = (count >> i & 1) != 0 ? all * zero + below * one : below * zero;
    all *= zero + one;
  }
  return count >> a.size() != 0 ? all : below;
}

FunctionalValue::FunctionalValue(const circuit::Layout& layout, const pcs::BasePoint& base, std::span<const Fe> point)
    : layout_(layout), base_(base), point_(point.begin(), point.end()) {
  ZKI_CHECK_EQ(base_.lane_weights.size(), std::size_t{1} << layout.log_lanes, "a weight per lane");
}

FunctionalValue::PlacedColumn& FunctionalValue::column_of(circuit::ColumnId id) {
  const auto known = columns_.find(id);
  if (known != columns_.end()) return known->second;
  const circuit::ColumnLayout& layout = layout_.columns[id];
  PlacedColumn column{cuts_.emplace(layout.cuts, id).first->second, circuit::BlockIndex(layout.cuts), {}};
  for (const circuit::PlacedBlock& placed : layout.blocks) {
    const std::uint64_t begin = base_.offset + placed.row;
    const auto low = static_cast<std::size_t>(placed.block.log_size());
    ZKI_CHECK(begin >> low << low == begin, "blocks are aligned");
    Fe weight = base_.lane_weights[placed.lane];
    for (std::size_t bit = low; bit < point_.size(); ++bit)
      weight *= (begin >> bit & 1) != 0 ? point_[bit] : Fe::one() - point_[bit];
    column.block_weights.push_back(weight);
  }
  return columns_.emplace(id, std::move(column)).first->second;
}

FunctionalValue::AxisFactors& FunctionalValue::factors_of(const PlacedColumn& column, std::uint32_t axis,
                                                          const Vector& vector) {
  AxisFactors& known = factors_[{column.like, axis, vector.get()}];
  if (known.vector.lock() == vector) return known;
  known = {vector, {}};
  const std::vector<circuit::AxisPiece>& pieces = layout_.columns[column.like].cuts.pieces[axis];
  for (std::uint32_t i = 0; i < pieces.size(); ++i) {
    const std::uint64_t begin = std::max(pieces[i].begin, vector->begin());
    const std::uint64_t end = std::min(pieces[i].begin + pieces[i].length, vector->end());
    bool is_zero = begin >= end;
    if (!is_zero && !vector->is_eq()) {
      const auto values = vector->values().begin() - static_cast<std::ptrdiff_t>(vector->begin());
      is_zero = std::all_of(values + static_cast<std::ptrdiff_t>(begin), values + static_cast<std::ptrdiff_t>(end),
                            [](const Fe& x) { return x.is_zero(); });
    }
    if (!is_zero) known.hits.push_back(i);
  }
  known.factors.resize(pieces.size() * column.index.positions(axis));
  return known;
}

std::vector<Fe> FunctionalValue::coordinates(int position, int bits) const {
  const auto first = point_.begin() + position;
  return {std::make_reverse_iterator(first + bits), std::make_reverse_iterator(first)};
}

// sum_{i in the piece} vector[i] eq(the piece's address bits, i - piece.begin).
Fe FunctionalValue::factor(const AxisWeights& vector, const circuit::AxisPiece& piece, int position) {
  const std::uint64_t begin = std::max(piece.begin, vector.begin());
  const std::uint64_t end = std::min(piece.begin + piece.length, vector.end());
  const auto bits = static_cast<std::size_t>(piece.bits);
  // An eq whose low bits are the piece's: those above are one product, those of the piece one per bit.
  const std::uint64_t first = begin - vector.begin();
  if (vector.is_eq() && begin == piece.begin && vector.point().size() >= bits && first >> bits << bits == first) {
    const std::span<const Fe> high = std::span(vector.point()).first(vector.point().size() - bits);
    Fe product = eq_dot(std::span(vector.point()).last(bits), coordinates(position, piece.bits), end - begin);
    for (std::size_t i = 0; i < high.size(); ++i)
      product *= (first >> bits >> i & 1) != 0 ? high[high.size() - 1 - i] : Fe::one() - high[high.size() - 1 - i];
    return product;
  }
  std::vector<Fe>& table = eq_tables_[{position, piece.bits}];
  if (table.empty()) table = eq_vector(coordinates(position, piece.bits));
  Fe sum;
  for (std::uint64_t i = begin; i < end; ++i) sum += vector.values()[i - vector.begin()] * table[i - piece.begin];
  return sum;
}

Fe FunctionalValue::block_product(const PlacedColumn& column, std::span<AxisFactors* const> axes,
                                  const std::vector<Vector>& vectors, std::span<const std::uint32_t> pieces) {
  const circuit::Cuts& cuts = layout_.columns[column.like].cuts;
  Fe product = Fe::one();
  int position = 0;
  for (std::size_t k = cuts.order.size(); k-- > 0;) {
    const std::uint32_t axis = cuts.order[k];
    const circuit::AxisPiece& piece = cuts.pieces[axis][pieces[axis]];
    std::optional<Fe>& known = axes[axis]->factors[column.index.placed(axis, pieces[axis], position)];
    if (!known) known = factor(*vectors[axis], piece, position);
    product *= *known;
    position += piece.bits;
  }
  return product;
}

FunctionalValue::Pattern& FunctionalValue::pattern_of(const PlacedColumn& column, const std::vector<Vector>& vectors) {
  std::vector<const AxisWeights*> key;
  for (const Vector& vector : vectors) key.push_back(vector.get());
  Pattern& pattern = patterns_[{column.like, std::move(key)}];
  const auto is_same = [](const std::weak_ptr<const AxisWeights>& a, const Vector& b) { return a.lock() == b; };
  if (!pattern.values.empty() &&
      std::equal(pattern.vectors.begin(), pattern.vectors.end(), vectors.begin(), vectors.end(), is_same)) {
    return pattern;
  }
  pattern = {{vectors.begin(), vectors.end()}, {}, {}};
  std::vector<AxisFactors*> axes;
  for (std::uint32_t axis = 0; axis < vectors.size(); ++axis) {
    axes.push_back(&factors_of(column, axis, vectors[axis]));
    if (axes.back()->hits.empty()) return pattern;
  }
  // All combinations of pieces that no vector is zero on.
  std::vector<std::size_t> at(axes.size(), 0);
  std::vector<std::uint32_t> pieces(axes.size());
  while (true) {
    for (std::size_t axis = 0; axis < axes.size(); ++axis) pieces[axis] = axes[axis]->hits[at[axis]];
    pattern.blocks.emplace_back(column.index.block(pieces), block_product(column, axes, vectors, pieces));
    std::size_t axis = axes.size();
    while (axis > 0 && ++at[axis - 1] == axes[axis - 1]->hits.size()) at[--axis] = 0;
    if (axis == 0) return pattern;
  }
}

Fe FunctionalValue::of(const Term& term) {
  const PlacedColumn& column = column_of(term.column);
  Pattern& pattern = pattern_of(column, term.vectors);
  const auto [known, is_new] = pattern.values.try_emplace(term.column);
  if (is_new) {
    for (const auto& [block, product] : pattern.blocks) known->second += product * column.block_weights[block];
  }
  return term.coef * known->second;
}

void FunctionalValue::forget_vectors() {
  const auto expired = [](const std::weak_ptr<const AxisWeights>& vector) { return vector.expired(); };
  std::erase_if(factors_, [&](const auto& entry) { return expired(entry.second.vector); });
  std::erase_if(patterns_, [&](const auto& entry) { return std::ranges::any_of(entry.second.vectors, expired); });
}

}  // namespace zkinfer::argument
