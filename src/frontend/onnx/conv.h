// SPDX-License-Identifier: Apache-2.0
// Convolutions that the IR does not have: three spatial axes, computed weights, pads that crop; their windows.
#pragma once

#include "frontend/onnx/build.h"

namespace zkinfer::frontend_onnx {

// x [N, C, spatial..], w [O, C / groups, kernel..], bias [O] or kNoValue, constant or computed. Negative pads crop.
ir::ValueId convolve(Build& build, ir::ValueId x, ir::ValueId w, ir::ValueId bias, ir::ConvAttributes conv);

// Every window as a column: [N, C, spatial..] -> [N, C, cells, windows] (and how many windows along each axis). Cells outside the
// input are 0, or with `repeat` the nearest cell of the window that is inside.
ir::ValueId columns(Build& build, ir::ValueId x, const Dims& kernel, ir::ConvAttributes conv, bool repeat, Dims& out);

// Depth as part of the batch: [N, C, D, H, W] -> [N D', C kernel, H, W], the windows along the depth as further channels.
ir::ValueId depth_windows(Build& build, ir::ValueId x, std::int64_t kernel, std::int64_t stride, std::int64_t dilation,
                          std::int64_t pad_begin, std::int64_t pad_end);

}  // namespace zkinfer::frontend_onnx
