// SPDX-License-Identifier: Apache-2.0
// The graph passes between importer and quantizer: a flat list of named rewrites, each followed by ir::verify.
// After legalize() the graph has core operators only (see ir/attributes.h), convolutions and pools are
// two-dimensional, constants are folded, nothing is dead; input and output names and shapes are those of the model.
// Errors: unsupported (lists every node that cannot become core operators), internal (a pass broke the graph).
#pragma once

#include "ir/graph.h"
#include "zkinfer/status.h"

namespace zkinfer::passes {

// Runs the whole list.
Result<ir::Graph> legalize(ir::Graph graph);

// Whether the passes may give a network other numbers, on some inputs, than IEEE says: masks that become conditions, questions for
// NaN and infinity that they answer. Elsewhere they only rearrange.
bool may_change_numbers(const ir::Graph& given);

}  // namespace zkinfer::passes
