// SPDX-License-Identifier: Apache-2.0
// The verifier's evaluation of a functional at the opening's challenges. A column may have thousands of blocks, and a lookup's
// key many terms: per term and block there are few multiplications, everything else is done once per column or per axis piece.
#include <algorithm>

#include "base/check.h"
#include "circuit/functional.h"

namespace zkinfer::circuit {

namespace {

// The part of one axis piece that low index bits bind: table[m] = sum over i with i >> low_bits = m of
// vector[begin + i] eq(point, low bits of i), for the axis' lowest low_bits bits at point[0], point[1], ..
std::vector<Fe> bind_low(const std::vector<Fe>& vector, const AxisPiece& piece, std::span<const Fe> point) {
  std::vector<Fe> table(vector.begin() + static_cast<std::ptrdiff_t>(piece.begin),
                        vector.begin() + static_cast<std::ptrdiff_t>(piece.begin + piece.length));
  for (const Fe& r : point) {
    const std::size_t half = (table.size() + 1) / 2;
    for (std::size_t i = 0; i < half; ++i) {
      const Fe low = table[2 * i];
      const Fe high = 2 * i + 1 < table.size() ? table[2 * i + 1] : Fe();
      table[i] = low + r * (high - low);
    }
    table.resize(half);
  }
  return table;
}

// An axis piece with its lowest bit at address bit `position` of its block.
struct PlacedPiece {
  AxisPiece piece;
  int position = 0;

  // Bits that are not among the lowest low_bits of the address.
  int free_bits(int low_bits) const { return piece.bits - std::max(0, std::min(piece.bits, low_bits - position)); }
};

// The different pieces of each axis of a column's blocks, numbered: many blocks share most of theirs.
class ColumnPieces {
 public:
  explicit ColumnPieces(const ColumnLayout& column) : rank_(column.order.size()), pieces_(rank_) {
    ids_.resize(column.blocks.size() * rank_);
    for (std::size_t block = 0; block < column.blocks.size(); ++block) {
      int position = 0;
      for (std::size_t k = rank_; k-- > 0;) {
        const std::uint32_t axis = column.order[k];
        const AxisPiece& piece = column.blocks[block].block.pieces[axis];
        ids_[block * rank_ + axis] = number(axis, {piece, position});
        position += piece.bits;
      }
    }
  }

  std::uint32_t id(std::size_t block, std::uint32_t axis) const { return ids_[block * rank_ + axis]; }
  const std::vector<PlacedPiece>& of_axis(std::uint32_t axis) const { return pieces_[axis]; }

 private:
  std::uint32_t number(std::uint32_t axis, const PlacedPiece& placed) {
    std::vector<PlacedPiece>& pieces = pieces_[axis];
    // Blocks come in the order of their pieces, so the last ones are the likely ones.
    for (std::size_t i = pieces.size(); i-- > 0;) {
      if (pieces[i].piece.begin == placed.piece.begin && pieces[i].piece.bits == placed.piece.bits &&
          pieces[i].position == placed.position) {
        return static_cast<std::uint32_t>(i);
      }
    }
    pieces.push_back(placed);
    return static_cast<std::uint32_t>(pieces.size() - 1);
  }

  std::size_t rank_;
  std::vector<std::vector<PlacedPiece>> pieces_;  // [axis]
  std::vector<std::uint32_t> ids_;                // [block][axis]
};

// One axis of one term, bound at every piece of the axis that it is not zero on.
struct BoundAxis {
  std::vector<std::vector<Fe>> tables;  // [piece]; empty where the vector is zero
  std::vector<int> free_bits;           // [piece]
};

BoundAxis bind_axis(const std::vector<Fe>& vector, const std::vector<PlacedPiece>& pieces,
                    std::span<const Fe> low_point) {
  const auto low_bits = static_cast<int>(low_point.size());
  BoundAxis out;
  for (const PlacedPiece& placed : pieces) {
    const auto begin = vector.begin() + static_cast<std::ptrdiff_t>(placed.piece.begin);
    const auto end = begin + static_cast<std::ptrdiff_t>(placed.piece.length);
    const int free_bits = placed.free_bits(low_bits);
    out.free_bits.push_back(free_bits);
    out.tables.emplace_back();
    if (std::all_of(begin, end, [](const Fe& x) { return x.is_zero(); })) continue;
    const int bound = placed.piece.bits - free_bits;
    const std::span<const Fe> point =
        bound == 0 ? std::span<const Fe>()
                   : low_point.subspan(static_cast<std::size_t>(placed.position), static_cast<std::size_t>(bound));
    out.tables.back() = bind_low(vector, placed.piece, point);
  }
  return out;
}

// The lane's weight, and the eq of address bits above the block but below low_bits: constants of the block.
Fe block_weight(const PlacedBlock& placed, std::span<const Fe> lane_weights, std::span<const Fe> low_point) {
  Fe weight = lane_weights[placed.lane];
  for (auto bit = static_cast<std::size_t>(placed.block.log_size()); bit < low_point.size(); ++bit) {
    weight *= ((placed.row >> bit) & 1) != 0 ? low_point[bit] : Fe::one() - low_point[bit];
  }
  return weight;
}

struct Scratch {
  std::vector<Fe> high, next;
};

// Adds weight * the outer product of the block's tables. From the lowest axis up; axes that are bound whole are one factor, and most
// blocks have no others.
void add_block(const ColumnLayout& column, const ColumnPieces& pieces, const std::vector<BoundAxis>& axes,
               std::size_t block, Fe weight, Scratch& scratch, Fe* out) {
  std::vector<Fe>& high = scratch.high;
  high.clear();
  int high_bits = 0;
  for (std::size_t k = column.order.size(); k-- > 0;) {
    const std::uint32_t axis = column.order[k];
    const std::uint32_t id = pieces.id(block, axis);
    const std::vector<Fe>& table = axes[axis].tables[id];
    const int free_bits = axes[axis].free_bits[id];
    if (free_bits == 0) {
      weight *= table[0];
      continue;
    }
    if (high_bits == 0) {
      high.assign(std::size_t{1} << free_bits, Fe());
      std::copy(table.begin(), table.end(), high.begin());
    } else {
      scratch.next.assign(high.size() << free_bits, Fe());
      for (std::size_t m = 0; m < table.size(); ++m) {
        for (std::size_t i = 0; i < high.size(); ++i) scratch.next[(m << high_bits) + i] = table[m] * high[i];
      }
      high.swap(scratch.next);
    }
    high_bits += free_bits;
  }
  if (high.empty()) out[0] += weight;
  for (std::size_t i = 0; i < high.size(); ++i) out[i] += weight * high[i];
}

}  // namespace

void Functional::fold_column(ColumnId id, std::span<const Fe> lane_weights, std::span<const Fe> low_point,
                             std::vector<Fe>& out) const {
  const ColumnLayout& column = layout_.columns[id];
  const ColumnPieces pieces(column);
  Scratch scratch;
  std::vector<Fe> weights;
  for (const PlacedBlock& placed : column.blocks) weights.push_back(block_weight(placed, lane_weights, low_point));
  for (const std::uint32_t term_index : terms_of_column_[id]) {
    const Term& term = terms_[term_index];
    std::vector<BoundAxis> axes;
    for (std::uint32_t axis = 0; axis < term.vectors.size(); ++axis) {
      axes.push_back(bind_axis(term.vectors[axis], pieces.of_axis(axis), low_point));
    }
    for (std::size_t block = 0; block < column.blocks.size(); ++block) {
      bool misses = false;
      for (std::uint32_t axis = 0; axis < axes.size() && !misses; ++axis)
        misses = axes[axis].tables[pieces.id(block, axis)].empty();
      if (misses) continue;
      add_block(column, pieces, axes, block, term.coef * weights[block], scratch,
                out.data() + (column.blocks[block].row >> low_point.size()));
    }
  }
}

std::vector<Fe> Functional::fold(std::span<const Fe> lane_weights, std::span<const Fe> low_point) const {
  const std::uint64_t step = std::uint64_t{1} << low_point.size();
  std::vector<Fe> out((layout_.num_coefs + step - 1) / step);
  for (ColumnId id = 0; id < terms_of_column_.size(); ++id) {
    if (!terms_of_column_[id].empty()) fold_column(id, lane_weights, low_point, out);
  }
  return out;
}

}  // namespace zkinfer::circuit
