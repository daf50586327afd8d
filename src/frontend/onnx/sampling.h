// SPDX-License-Identifier: Apache-2.0
// Values of a grid between its points: what GridSample, DeformConv and RoiAlign share.
#pragma once

#include <functional>
#include <vector>

#include "frontend/onnx/build.h"

namespace zkinfer::frontend_onnx {

enum class Interpolation : std::uint8_t { kNearest, kLinear, kCubic };
enum class Outside : std::uint8_t { kZeros, kBorder, kReflection };

struct Sampling {
  Interpolation interpolation = Interpolation::kLinear;
  Outside outside = Outside::kZeros;
  bool align_corners = false;  // the grid ends at the middle of its outermost points, not at their outer edge
};

// Appends the coordinates [N, P] of one axis, in units of points; called for every reader, each of which then rounds the exact sum.
using Coordinate = std::function<ir::ValueId()>;

// x [N, C, product of lengths], one coordinate per axis: [N, C, P]. Coordinates may be computed or constant; constant ones leave
// sums of picked elements with constant weights.
ir::ValueId sample(Build& b, ir::ValueId x, const Dims& lengths, const std::vector<Coordinate>& coordinates,
                   const Sampling& sampling);

}  // namespace zkinfer::frontend_onnx
