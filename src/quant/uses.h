// SPDX-License-Identifier: Apache-2.0
// What the values of a graph are read for, as far as it decides how finely graph inputs are represented.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "ir/graph.h"

namespace zkinfer::quant {

// By value id.
struct Uses {
  // Only compared, maybe after it was moved; true where nothing reads it.
  std::vector<bool> only_compared;
  // Of constants but 0 that a value is compared with, maybe after it was moved: base-2 logarithms of their distances to the
  // nearest float32 numbers, what a unit must tell apart. None where it is compared with something computed too.
  std::vector<std::set<int>> compared_gaps;
  // Compared or rounded to whole numbers, maybe after it was moved, scaled, shifted or looked through for its largest, and read
  // by nothing that would have to carry the bits of a fine step.
  std::vector<bool> decides;
  // The shortest axis into which a value is an index, maybe after it was moved; 0 where it is none.
  std::vector<std::int64_t> indexed_length;
  // Read as an index, and besides compared at most.
  std::vector<bool> only_indexes;
};

// One pass against the order of the nodes: what a value is read for follows from what its readers' outputs are read for.
Uses uses_of(const ir::Graph& graph);

}  // namespace zkinfer::quant
