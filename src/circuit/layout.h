// SPDX-License-Identifier: Apache-2.0
// Layout: where every column of one oracle lives. Blocks are packed, largest first, into the lanes of the oracle; none
// straddles a lane, and each begins at a multiple of its size, so that its address bits are index bits of its axes.
#pragma once

#include <cstdint>
#include <vector>

#include "circuit/blocks.h"
#include "circuit/circuit.h"

namespace zkinfer::circuit {

struct PlacedBlock {
  Block block;
  std::uint32_t lane = 0;
  std::uint64_t row = 0;  // of its first address, a multiple of 2^block.log_size()
};

struct ColumnLayout {
  Cuts cuts;
  std::vector<PlacedBlock> blocks;  // in the order of blocks_of(cuts)
};

struct Layout {
  int log_lanes = 0;
  std::uint64_t num_coefs = 0;        // per lane
  std::vector<ColumnLayout> columns;  // by ColumnId; no blocks for columns of other oracles
  std::vector<std::vector<std::pair<ColumnId, std::uint32_t>>> lanes;  // (column, block) per lane
};

// Columns of this oracle are cut in blocks of at most 2^block_limit addresses.
int block_limit(const Circuit& circuit, Oracle oracle, int log_lanes);

// Packs the columns of `oracle` in 2^log_lanes lanes. num_coefs is the least the packing needs. Deterministic.
Layout place_columns(const Circuit& circuit, Oracle oracle, int log_lanes);

}  // namespace zkinfer::circuit
