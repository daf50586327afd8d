// SPDX-License-Identifier: Apache-2.0
// Integers with the model's own scales: real = (integer - zero point) * scale. Scales and zero points of activations are numbers of
// the program text, as all scales of activations are public; those of constant weights go into the weights.
#pragma once

#include "frontend/onnx/build.h"

namespace zkinfer::frontend_onnx {

// Where scales and zero points lie along an operand.
struct Granularity {
  std::int64_t axis = 1;
  std::int64_t block = 0;  // > 0: one scale for so many neighbours along the axis
};

// A scale or zero point so that it broadcasts against an operand of shape x: one number, one per position of the axis, or one per
// block. Constants become numbers of the program text when `is_public`.
ir::ValueId aligned(Build& b, ir::ValueId parameter, const Shape& x, const Granularity& granularity, bool is_public);

// Integer - zero point as floats (whole numbers). kNoValue as zero point: 0.
ir::ValueId centered(Build& b, ir::ValueId integers, ir::ValueId zero);

// round(x) + zero, limited to the range, as integers of that range. x is a real divided by the scale already.
ir::ValueId saturated(Build& b, NodeContext& context, ir::ValueId x, ir::ValueId zero, ir::IntegerRange range);

// The range of an integer operand; that of uint8 when it has none.
ir::IntegerRange range_of(NodeContext& context, ir::ValueId integers);

}  // namespace zkinfer::frontend_onnx
