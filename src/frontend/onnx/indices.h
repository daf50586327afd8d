// SPDX-License-Identifier: Apache-2.0
// Indices as positions: what Gather and Scatter in all their forms share.
#pragma once

#include "frontend/onnx/build.h"

namespace zkinfer::frontend_onnx {

// Indices of an axis of that length; those below 0 count from its end.
ir::ValueId from_the_start(Build& b, ir::ValueId indices, std::int64_t length);

// Positions along a flattened run of axes [first, first + count) of a tensor of shape x, from index tuples [.., count]: a product
// with the axes' strides. A constant when the indices are.
ir::ValueId flat_positions(Build& b, ir::ValueId indices, const Shape& x, std::size_t first, std::size_t count);

}  // namespace zkinfer::frontend_onnx
