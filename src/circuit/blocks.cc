// SPDX-License-Identifier: Apache-2.0
#include "circuit/blocks.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "base/check.h"
#include "circuit/circuit.h"

namespace zkinfer::circuit {

int Block::log_size() const {
  int bits = 0;
  for (const AxisPiece& piece : pieces) bits += piece.bits;
  return bits;
}

namespace {

// Binary pieces of [0, n), largest first; the rest is padded once the padding is at most 1/8 of the axis, or the piece
// has at most 4 indices more than true ones in a short axis.
std::vector<AxisPiece> cut_axis(std::uint64_t n) {
  std::vector<AxisPiece> pieces;
  std::uint64_t begin = 0;
  while (begin < n) {
    const std::uint64_t left = n - begin;
    const int up = axis_bits(left);
    const std::uint64_t padding = (std::uint64_t{1} << up) - left;
    if (padding == 0 || padding * 8 <= n) {
      pieces.push_back({begin, left, up});
      break;
    }
    const int down = static_cast<int>(std::bit_width(left)) - 1;
    pieces.push_back({begin, std::uint64_t{1} << down, down});
    begin += std::uint64_t{1} << down;
  }
  return pieces;
}

// Halves every piece of an axis that has the most bits.
void halve(std::vector<AxisPiece>& pieces) {
  int most = 0;
  for (const AxisPiece& piece : pieces) most = std::max(most, piece.bits);
  std::vector<AxisPiece> out;
  for (const AxisPiece& piece : pieces) {
    if (piece.bits < most) {
      out.push_back(piece);
      continue;
    }
    const std::uint64_t half = std::uint64_t{1} << (most - 1);
    out.push_back({piece.begin, std::min(half, piece.length), most - 1});
    if (piece.length > half) out.push_back({piece.begin + half, piece.length - half, most - 1});
  }
  pieces = std::move(out);
}

}  // namespace

Cuts uncut_axes(const std::vector<std::uint64_t>& shape) {
  Cuts out;
  out.order.resize(shape.size());
  std::iota(out.order.begin(), out.order.end(), 0u);
  // Long axes get the low bits: long runs for the prover, and short axes' pieces stay cheap.
  std::stable_sort(out.order.begin(), out.order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return shape[a] < shape[b]; });
  for (const std::uint64_t n : shape) out.pieces.push_back({{0, n, axis_bits(n)}});
  return out;
}

Cuts cut_axes(const std::vector<std::uint64_t>& shape, int max_block_log) {
  ZKI_CHECK(max_block_log >= 0, "blocks have at least one address");
  Cuts out = uncut_axes(shape);
  // A small tensor is one block: its padding costs less than the verifier's work per block.
  for (std::size_t axis = 0; axis < shape.size() && box_size(shape) > 512; ++axis)
    out.pieces[axis] = cut_axis(shape[axis]);
  const auto largest = [](const std::vector<AxisPiece>& pieces) {
    int bits = 0;
    for (const AxisPiece& piece : pieces) bits = std::max(bits, piece.bits);
    return bits;
  };
  while (true) {
    int bits = 0;
    for (const auto& pieces : out.pieces) bits += largest(pieces);
    if (bits <= max_block_log) return out;
    // Halve the highest axis that still has bits.
    for (const std::uint32_t axis : out.order) {
      if (largest(out.pieces[axis]) > 0) {
        halve(out.pieces[axis]);
        break;
      }
    }
  }
}

std::uint64_t Cuts::num_blocks() const {
  std::uint64_t count = 1;
  for (const std::vector<AxisPiece>& axis : pieces) count *= axis.size();
  return count;
}

std::uint64_t Cuts::num_addresses() const {
  std::uint64_t count = 1;
  for (const std::vector<AxisPiece>& axis : pieces) {
    std::uint64_t length = 0;
    for (const AxisPiece& piece : axis) length += std::uint64_t{1} << piece.bits;
    count *= length;
  }
  return count;
}

std::vector<Block> blocks_of(const Cuts& cuts) {
  std::vector<Block> blocks;
  std::vector<std::size_t> index(cuts.pieces.size(), 0);
  while (true) {
    Block block;
    for (std::size_t axis = 0; axis < index.size(); ++axis) block.pieces.push_back(cuts.pieces[axis][index[axis]]);
    blocks.push_back(std::move(block));
    std::size_t axis = index.size();
    while (axis > 0 && ++index[axis - 1] == cuts.pieces[axis - 1].size()) index[--axis] = 0;
    if (axis == 0) return blocks;
  }
}

BlockIndex::BlockIndex(const Cuts& cuts) : strides_(cuts.pieces.size()), positions_(cuts.pieces.size()) {
  std::size_t stride = 1;
  for (std::size_t axis = cuts.pieces.size(); axis-- > 0;) {
    strides_[axis] = stride;
    stride *= cuts.pieces[axis].size();
  }
  std::uint64_t positions = 1;
  for (std::size_t k = cuts.order.size(); k-- > 0;) {
    const std::uint32_t axis = cuts.order[k];
    positions_[axis] = positions;
    std::uint64_t next = 0;
    for (const AxisPiece& piece : cuts.pieces[axis]) next |= positions << piece.bits;
    positions = next;
  }
}

std::size_t BlockIndex::block(std::span<const std::uint32_t> pieces) const {
  std::size_t index = 0;
  for (std::size_t axis = 0; axis < pieces.size(); ++axis) index += strides_[axis] * pieces[axis];
  return index;
}

std::size_t BlockIndex::positions(std::uint32_t axis) const {
  return static_cast<std::size_t>(std::popcount(positions_[axis]));
}

std::size_t BlockIndex::placed(std::uint32_t axis, std::uint32_t piece, int position) const {
  const std::uint64_t below = (std::uint64_t{1} << position) - 1;
  return piece * positions(axis) + static_cast<std::size_t>(std::popcount(positions_[axis] & below));
}

}  // namespace zkinfer::circuit
