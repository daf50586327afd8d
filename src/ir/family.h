// SPDX-License-Identifier: Apache-2.0
// The one partition of the operators into families, after which every stage names its files (docs/architecture.md has the table
// and that of the integer operators); an operator without a family, or with two, does not compile.
#pragma once

#include "base/op_table.h"
#include "ir/attributes.h"

namespace zkinfer::ir {

enum class OpFamily : std::uint8_t {
  kContract,     // products with a sum
  kElementwise,  // arithmetic, activations, comparisons, casts, BatchNormalization
  kPool,         // local and global pools
  kReduce,       // reductions, ArgMax, Softmax, Sort
  kMovement,     // elements that only move
};
inline constexpr std::size_t kNumFamilies = static_cast<std::size_t>(OpFamily::kMovement) + 1;

inline constexpr base::OpTable<OpKind, kNumOps, OpFamily> kFamilies({
    {OpKind::kConv, OpFamily::kContract},
    {OpKind::kMatMul, OpFamily::kContract},
    {OpKind::kGemm, OpFamily::kContract},
    {OpKind::kAdd, OpFamily::kElementwise},
    {OpKind::kSub, OpFamily::kElementwise},
    {OpKind::kMul, OpFamily::kElementwise},
    {OpKind::kRelu, OpFamily::kElementwise},
    {OpKind::kLeakyRelu, OpFamily::kElementwise},
    {OpKind::kClip, OpFamily::kElementwise},
    {OpKind::kFunction, OpFamily::kElementwise},
    {OpKind::kIdentity, OpFamily::kElementwise},
    {OpKind::kDiv, OpFamily::kElementwise},
    {OpKind::kNeg, OpFamily::kElementwise},
    {OpKind::kPow, OpFamily::kElementwise},
    {OpKind::kMin, OpFamily::kElementwise},
    {OpKind::kMax, OpFamily::kElementwise},
    {OpKind::kCast, OpFamily::kElementwise},
    {OpKind::kBatchNormalization, OpFamily::kElementwise},
    {OpKind::kAbs, OpFamily::kElementwise},
    {OpKind::kMod, OpFamily::kElementwise},
    {OpKind::kEqual, OpFamily::kElementwise},
    {OpKind::kLess, OpFamily::kElementwise},
    {OpKind::kGreater, OpFamily::kElementwise},
    {OpKind::kLessOrEqual, OpFamily::kElementwise},
    {OpKind::kGreaterOrEqual, OpFamily::kElementwise},
    {OpKind::kAnd, OpFamily::kElementwise},
    {OpKind::kOr, OpFamily::kElementwise},
    {OpKind::kXor, OpFamily::kElementwise},
    {OpKind::kNot, OpFamily::kElementwise},
    {OpKind::kIsSpecial, OpFamily::kElementwise},
    {OpKind::kWhere, OpFamily::kElementwise},
    {OpKind::kMaxPool, OpFamily::kPool},
    {OpKind::kAveragePool, OpFamily::kPool},
    {OpKind::kGlobalAveragePool, OpFamily::kPool},
    {OpKind::kGlobalMaxPool, OpFamily::kPool},
    {OpKind::kReduceMean, OpFamily::kReduce},
    {OpKind::kReduceSum, OpFamily::kReduce},
    {OpKind::kReduceMax, OpFamily::kReduce},
    {OpKind::kReduceMin, OpFamily::kReduce},
    {OpKind::kReduceProd, OpFamily::kReduce},
    {OpKind::kArgMax, OpFamily::kReduce},
    {OpKind::kSoftmax, OpFamily::kReduce},
    {OpKind::kSort, OpFamily::kReduce},
    {OpKind::kReshape, OpFamily::kMovement},
    {OpKind::kTranspose, OpFamily::kMovement},
    {OpKind::kSlice, OpFamily::kMovement},
    {OpKind::kPad, OpFamily::kMovement},
    {OpKind::kConcat, OpFamily::kMovement},
    {OpKind::kGather, OpFamily::kMovement},
    {OpKind::kExpand, OpFamily::kMovement},
    {OpKind::kTile, OpFamily::kMovement},
});

constexpr OpFamily family_of(OpKind kind) { return kFamilies[kind]; }

}  // namespace zkinfer::ir
