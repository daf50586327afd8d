// SPDX-License-Identifier: Apache-2.0
// Prover side: columns of small integers at their addresses (circuit/evaluate.h has the same for elements of F).
#pragma once

#include "circuit/evaluate.h"
#include "commit/pcs/int_lanes.h"

namespace zkinfer::argument {

// Writes the columns that `layout` places, small integers all of them, borrowed; addresses of no column are zero. All cores.
pcs::IntLanes place_integers(const circuit::Layout& layout, const std::vector<circuit::Column>& columns,
                             const circuit::ColumnValues& data);

}  // namespace zkinfer::argument
