// SPDX-License-Identifier: Apache-2.0
// One view of an operand with some box axes bound to weights, for all points of the others at once.
//
// A box axis feeds at most one column axis, so the weighted sum over the bound axes is a product of linear maps, one for each
// column axis: they are applied one after the other, where walking the box would visit every pair of points. A window of a
// convolution costs its two axes one after the other instead of their product, and a matrix is summed row by row as it lies
// in memory.
#pragma once

#include <vector>

#include "circuit/evaluate.h"
#include "field/vec.h"

namespace zkinfer::argument {

// By box axis: where it is bound its weights, as many as it is long, else empty.
using BoundWeights = std::vector<std::span<const Fe>>;

// out[sum_l out_stride_l i_l] += sum over the bound axes of prod weights * view, the loop axes at i_l; box axes that are
// neither are read at 0. All cores.
void add_bound_view(const circuit::View& view, const circuit::Column& column, const circuit::ColumnView& data,
                    const circuit::Box& box, const BoundWeights& bound, const std::vector<circuit::LoopAxis>& loops,
                    FeSpan out);

}  // namespace zkinfer::argument
