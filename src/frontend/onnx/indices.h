// SPDX-License-Identifier: Apache-2.0
// Indices as positions: what Gather and Scatter in all their forms share.
#pragma once

#include <string>

#include "frontend/onnx/handlers.h"

namespace zkinfer::frontend_onnx {

// Indices of an axis of that length; those below 0 count from its end.
Result<ir::ValueId> from_the_start(NodeContext& context, ir::ValueId indices, std::int64_t length,
                                   const std::string& step);

// Positions along a flattened run of axes [first, first + count) of a tensor of shape x, from index tuples [.., count] at
// input `indices_input`: a product with the axes' strides. A constant when the indices are.
Result<ir::ValueId> flat_positions(NodeContext& context, std::size_t indices_input, const Shape& x, std::size_t first,
                                   std::size_t count);

}  // namespace zkinfer::frontend_onnx
