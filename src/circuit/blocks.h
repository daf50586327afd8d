// SPDX-License-Identifier: Apache-2.0
// Blocks: a tensor's index box cut into sub-boxes whose axes are padded to powers of two, so that each has an aligned
// address range. Odd axes are split in binary pieces (28 = 16 + 8 + 4) instead of padded, unless padding is small.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

namespace zkinfer::circuit {

// Index range [begin, begin + length) of one axis, addressed by `bits` bits, length <= 2^bits.
struct AxisPiece {
  std::uint64_t begin = 0;
  std::uint64_t length = 0;
  int bits = 0;

  friend auto operator<=>(const AxisPiece&, const AxisPiece&) = default;
};

// One sub-box. Inside its 2^log_size() addresses the axes follow `order` of the decomposition, the last one lowest.
struct Block {
  std::vector<AxisPiece> pieces;  // [rank], by axis

  int log_size() const;
};

// How the axes of a shape are cut. The blocks are all combinations of pieces, one of each axis, in row-major order.
struct Cuts {
  std::vector<std::uint32_t> order;            // axes from the highest to the lowest address bits
  std::vector<std::vector<AxisPiece>> pieces;  // [axis], by first index

  std::uint64_t num_blocks() const;
  std::uint64_t num_addresses() const;  // of all blocks
  friend auto operator<=>(const Cuts&, const Cuts&) = default;
};

// Of a tensor of this shape, for blocks of at most 2^max_block_log addresses (max_block_log >= 0).
Cuts cut_axes(const std::vector<std::uint64_t>& shape, int max_block_log);
// In one piece, padded to powers of two.
Cuts uncut_axes(const std::vector<std::uint64_t>& shape);
std::vector<Block> blocks_of(const Cuts& cuts);

// Numbers the blocks by their pieces, and the places that a piece has in blocks: its lowest bit may lie at several address
// bits (positions), as pieces of lower axes have different sizes.
class BlockIndex {
 public:
  explicit BlockIndex(const Cuts& cuts);
  // pieces: one of each axis.
  std::size_t block(std::span<const std::uint32_t> pieces) const;
  std::size_t positions(std::uint32_t axis) const;
  // Bit p stands for position p.
  std::uint64_t position_mask(std::uint32_t axis) const { return positions_[axis]; }
  // Below number of pieces * positions(axis).
  std::size_t placed(std::uint32_t axis, std::uint32_t piece, int position) const;

 private:
  std::vector<std::size_t> strides_;      // [axis], of the number of a block
  std::vector<std::uint64_t> positions_;  // [axis], masks
};

}  // namespace zkinfer::circuit
