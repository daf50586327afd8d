// SPDX-License-Identifier: Apache-2.0
// Prover side: columns at their addresses, in lanes that take no more memory than their values need.
#pragma once

#include "circuit/evaluate.h"
#include "commit/pcs/int_lanes.h"

namespace zkinfer::argument {

// Writes the columns that `layout` places; addresses of no column are zero. A lane with a column of elements of F has all its columns in
// these. All cores.
pcs::IntLanes place_narrow(const circuit::Layout& layout, const std::vector<circuit::Column>& columns,
                           const circuit::ColumnValues& data);

}  // namespace zkinfer::argument
