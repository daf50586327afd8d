// SPDX-License-Identifier: Apache-2.0
// Operators of the graph IR and their typed attributes. Every attribute is static and already resolved: axes are
// non-negative and sorted, auto_pad and ceil_mode have become explicit pads, shape inputs have become attributes.
//
// CORE operators, all that is left after passes::legalize. "const" = the input is a constant value. Each node has
// exactly one output. N = batch, C = channels.
//
//   operator     inputs                        attributes         output
//   Conv         x[N,C,H,W], w[O,C/g,kh,kw]    ConvAttributes     [N,O,H',W'], plus bias per channel; w and bias const.
//                const, [bias[O] const]                           Legalized convolutions are always two-dimensional.
//   MatMul       a[..,m,k], b[..,k,n], [bias]  none               [..,m,n], batch axes broadcast; bias[n] const, added
//                                                                 along the last axis. Rank of a and b >= 2.
//   Add Sub Mul  a, b                          none               numpy broadcasting; either may be const.
//   Relu         x                             none
//   LeakyRelu    x                             LeakyReluAttributes  x < 0 ? alpha * x : x
//   Clip         x                             ClipAttributes     min(max(x, min), max); a missing bound is infinite.
//   Function     x                             FunctionAttributes a row of ir/functions.h of every element
//   Div          a, b                          none               numpy broadcasting; integers towards zero.
//   Mod          a, b                          ModAttributes      numpy broadcasting.
//   Max          a, b                          none               numpy broadcasting.
//   Less Equal   a, b                          none               bool; numpy broadcasting.
//   Where        condition, a, b               none               condition ? a : b, numpy broadcasting.
//   Cast         x                             CastAttributes     the same numbers under another type (floats that are whole
//                                                                 numbers to int64, 0 or 1 to bool, either to float).
//   MaxPool      x[N,C,H,W]                    PoolAttributes     padding never wins. Legalized: two-dimensional.
//   AveragePool  x[N,C,H,W]                    PoolAttributes     dilations all 1. Legalized: two-dimensional.
//   ReduceMean ReduceSum ReduceMax   x         ReduceAttributes
//   Reshape      x                             ReshapeAttributes  same elements in row-major order.
//   Transpose    x                             TransposeAttributes  output axis i is input axis perm[i].
//   Slice        x                             SliceAttributes    one entry per axis of x.
//   Pad          x                             PadAttributes      one entry per axis of x. Legalized: with 0.
//   Concat       x0, x1, ..                    ConcatAttributes
//   ArgMax       x                             ArgMaxAttributes   int64, the first of equal maxima.
//   Softmax      x, [keep]                     SoftmaxAttributes  along one axis. keep: bool, broadcasts to x; where it is
//                                                                 false x counts as far below, and a row of which nothing is
//                                                                 kept has equal weights, as when all is minus the largest float.
//   Gather       data, indices                 GatherAttributes   see there; indices are computed, or constants that are
//                                                                 no few arithmetic progressions (those become Slices).
//   Sort         x                             SortAttributes     int64: the stable permutation that sorts x along an axis.
#pragma once

#include <cstdint>
#include <limits>
#include <variant>
#include <vector>

#include "tensor/shape.h"

namespace zkinfer::ir {

enum class OpKind : std::uint8_t {
  // Core.
  kConv,
  kMatMul,
  kAdd,
  kSub,
  kMul,
  kRelu,
  kLeakyRelu,
  kClip,
  kFunction,
  kDiv,
  kMod,
  kMax,
  kLess,
  kEqual,
  kWhere,
  kCast,
  kMaxPool,
  kAveragePool,
  kReduceMean,
  kReduceSum,
  kReduceMax,
  kReshape,
  kTranspose,
  kSlice,
  kPad,
  kConcat,
  kArgMax,
  kSoftmax,
  kGather,
  kSort,
  // Rewritten into core operators by legalize (some only with a constant operand).
  kIdentity,
  kGemm,
  kBatchNormalization,
  kGlobalAveragePool,
  kGlobalMaxPool,
  kNeg,
  kPow,
  kMin,
  kExpand,
  kTile,
  kAbs,
  kReduceMin,
  kReduceProd,
  kGreater,
  kLessOrEqual,
  kGreaterOrEqual,
  kAnd,
  kOr,
  kXor,
  kNot,
  kIsSpecial,
};
inline constexpr std::size_t kNumCoreOps = static_cast<std::size_t>(OpKind::kSort) + 1;
inline constexpr std::size_t kNumOps = static_cast<std::size_t>(OpKind::kIsSpecial) + 1;

enum class DataType : std::uint8_t { kFloat, kInt64, kBool };  // what host tensors hold; bool is stored as 0 or 1

// Spatial attributes have one entry per spatial axis (1 or 2 of them).
struct ConvAttributes {
  Dims strides, dilations, pads_begin, pads_end;
  std::int64_t groups = 1;
  bool operator==(const ConvAttributes&) const = default;
};
struct PoolAttributes {
  Dims kernel, strides, dilations, pads_begin, pads_end;
  // AveragePool only: true divides by the kernel size, false by the number of positions inside the unpadded input.
  bool count_include_pad = false;
  bool operator==(const PoolAttributes&) const = default;
};
struct LeakyReluAttributes {
  float alpha = 0.01F;
  bool operator==(const LeakyReluAttributes&) const = default;
};
struct ClipAttributes {
  float min = -std::numeric_limits<float>::infinity();
  float max = std::numeric_limits<float>::infinity();
  bool operator==(const ClipAttributes&) const = default;
};
// The index of a row of ir/functions.h; ir::function("Sqrt") makes one.
struct FunctionId {
  std::uint8_t index = 0;
  bool operator==(const FunctionId&) const = default;
};
struct FunctionAttributes {
  FunctionId function;
  float a = 0, b = 0;  // the function's parameters
  bool operator==(const FunctionAttributes&) const = default;
};
struct ModAttributes {
  bool truncated = false;  // the remainder has the sign of the dividend, as C's fmod has; else that of the divisor
  bool operator==(const ModAttributes&) const = default;
};
struct ReduceAttributes {
  Dims axes;
  bool keepdims = true;
  bool operator==(const ReduceAttributes&) const = default;
};
struct ReshapeAttributes {
  Shape shape;
  bool operator==(const ReshapeAttributes&) const = default;
};
struct TransposeAttributes {
  Dims perm;
  bool operator==(const TransposeAttributes&) const = default;
};
// Output position i of an axis is input position starts + i * steps, for i < sizes. A negative step walks backwards, step 0
// repeats one position (so Expand and Tile are Slices).
struct SliceAttributes {
  Dims starts, sizes, steps;
  bool operator==(const SliceAttributes&) const = default;
};
struct PadAttributes {
  Dims begin, end;  // >= 0
  float value = 0;
  bool operator==(const PadAttributes&) const = default;
};
struct ConcatAttributes {
  std::int64_t axis = 0;
  bool operator==(const ConcatAttributes&) const = default;
};
struct ArgMaxAttributes {
  std::int64_t axis = 0;
  bool keepdims = true;
  bool operator==(const ArgMaxAttributes&) const = default;
};
struct SoftmaxAttributes {
  std::int64_t axis = 0;
  bool operator==(const SoftmaxAttributes&) const = default;
};
// y[pre, i.., post] = data[pre, indices[i..], post] with pre the axes before `axis`. Along the axis (GatherElements): indices have
// the rank of data and at most its length on every other axis, y[.., i, ..] = data[.., indices[.., i, ..], ..]. Negative indices count from the end.
struct GatherAttributes {
  std::int64_t axis = 0;
  bool along_axis = false;
  bool operator==(const GatherAttributes&) const = default;
};
// y[.., i, ..] is the position of the i-th smallest (or largest) entry along the axis; of equal ones the first comes first.
struct SortAttributes {
  std::int64_t axis = 0;
  bool largest = false;
  bool operator==(const SortAttributes&) const = default;
};

// Not core.
struct GemmAttributes {  // alpha * op(a) * op(b) + beta * c
  float alpha = 1, beta = 1;
  bool transpose_a = false, transpose_b = false;
  bool operator==(const GemmAttributes&) const = default;
};
struct BatchNormalizationAttributes {  // inputs x, scale, bias, mean, variance
  float epsilon = 1e-5F;
  bool operator==(const BatchNormalizationAttributes&) const = default;
};
struct ExpandAttributes {
  Shape shape;  // of the output
  bool operator==(const ExpandAttributes&) const = default;
};
struct TileAttributes {
  Dims repeats;
  bool operator==(const TileAttributes&) const = default;
};
struct CastAttributes {
  DataType to = DataType::kFloat;
  bool operator==(const CastAttributes&) const = default;
};

// Which numbers are asked for.
struct SpecialAttributes {
  bool nan = false, positive = false, negative = false;  // NaN, infinity, minus infinity
  bool operator==(const SpecialAttributes&) const = default;
};

struct NoAttributes {
  bool operator==(const NoAttributes&) const = default;
};

using Attributes = std::variant<NoAttributes, ConvAttributes, PoolAttributes, LeakyReluAttributes, ClipAttributes,
                                ReduceAttributes, ReshapeAttributes, TransposeAttributes, SliceAttributes,
                                PadAttributes, ConcatAttributes, ArgMaxAttributes, SoftmaxAttributes, GatherAttributes,
                                SortAttributes, GemmAttributes, BatchNormalizationAttributes, ExpandAttributes,
                                TileAttributes, CastAttributes, FunctionAttributes, ModAttributes, SpecialAttributes>;

}  // namespace zkinfer::ir
