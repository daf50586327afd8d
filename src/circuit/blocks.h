// SPDX-License-Identifier: Apache-2.0
// Blocks: a tensor's index box cut into sub-boxes whose axes are padded to powers of two, so that each has an aligned
// address range. Odd axes are split in binary pieces (28 = 16 + 8 + 4) instead of padded, unless padding is small.
#pragma once

#include <cstdint>
#include <vector>

namespace zkinfer::circuit {

// Index range [begin, begin + length) of one axis, addressed by `bits` bits, length <= 2^bits.
struct AxisPiece {
  std::uint64_t begin = 0;
  std::uint64_t length = 0;
  int bits = 0;
};

// One sub-box. Inside its 2^log_size() addresses the axes follow `order` of the decomposition, the last one lowest.
struct Block {
  std::vector<AxisPiece> pieces;  // [rank], by axis

  int log_size() const;
};

struct Decomposition {
  std::vector<std::uint32_t> order;  // axes from the highest to the lowest address bits
  std::vector<Block> blocks;
};

// Blocks of a tensor of this shape, each of at most 2^max_block_log addresses (max_block_log >= 0).
Decomposition decompose(const std::vector<std::uint64_t>& shape, int max_block_log);

}  // namespace zkinfer::circuit
