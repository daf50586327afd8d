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

}  // namespace zkinfer::passes
