// SPDX-License-Identifier: Apache-2.0
// The parts of the pass `expand` (passes/rewrites.h) that have files of their own.
#pragma once

#include <string_view>
#include <vector>

#include "passes/rewriter.h"

namespace zkinfer::passes {

// The new value of an element-wise node's output, or kNoValue when it is core as it is. whole: ir::whole_numbers.
Result<ir::ValueId> expand_elementwise(Rewriter& rewriter, const ir::Node& node, const std::vector<bool>& whole);

// -x of a number.
Result<ir::ValueId> negated(Rewriter& rewriter, const ir::Node& node, ir::ValueId x, std::string_view step);

// Of what moves elements only: the new value, or kNoValue to keep the node as it is.
// Constant indices that are few arithmetic progressions become Slices, joined; others stay one Gather.
Result<ir::ValueId> expand_gather(Rewriter& rewriter, const ir::Node& node);
// Expand and Tile: every axis that grows becomes a Slice with step 0 over an axis of length 1.
Result<ir::ValueId> expand_repetition(Rewriter& rewriter, const ir::Node& node);
// A Pad with another number than 0 joins constants before and after. One with minus infinity, or what stands for it, stays:
// a MaxPool behind it takes its pads over.
Result<ir::ValueId> expand_pad(Rewriter& rewriter, const ir::Node& node);
Result<ir::ValueId> expand_max_pool(Rewriter& rewriter, const ir::Node& node);

}  // namespace zkinfer::passes
