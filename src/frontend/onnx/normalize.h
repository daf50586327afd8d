// SPDX-License-Identifier: Apache-2.0
// What normalizations and the operators made of them share.
#pragma once

#include "frontend/onnx/build.h"

namespace zkinfer::frontend_onnx {

// x / sqrt(mean(x^2) + epsilon) over the axes, of x - mean(x) when centered.
struct Normalized {
  ir::ValueId y = ir::kNoValue, mean = ir::kNoValue, deviation = ir::kNoValue;
};
Normalized normalized(Build& b, ir::ValueId x, Dims axes, float epsilon, bool centered);

// (sum of |x|^p)^(1/p) over the axes, which stay.
ir::ValueId p_norm(Build& b, ir::ValueId x, Dims axes, std::int64_t p);

// Softmax and its kind: the shape to work on and the axis in it. Before opset 13 that is a matrix, the axes from attribute `axis`
// on as one.
struct RowsView {
  Dims dims;
  std::int64_t axis;
};
Result<RowsView> rows_view(const NodeContext& context);

}  // namespace zkinfer::frontend_onnx
