// SPDX-License-Identifier: Apache-2.0
// f(MaxPool(x)) = MaxPool(f(x)) for non-decreasing f, f(move(x)) = move(f(x)): functions move up to the accumulator
// whose table applies them for nothing.
#pragma once

#include "ir/graph.h"

namespace zkinfer::quant {

// The same function of the same inputs. Values between are renamed ("<name>.hoisted"): they hold something else now.
ir::Graph hoist_functions(ir::Graph graph);

}  // namespace zkinfer::quant
