// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "ir/graph.h"

namespace zkinfer::ir {

// By value id: is every element a whole number, whatever the inputs are? Integers and booleans are; floats are when they are
// computed from such by operators that keep them so. Rounding them again changes nothing, and their unit may be 1.
std::vector<bool> whole_numbers(const Graph& graph);

}  // namespace zkinfer::ir
