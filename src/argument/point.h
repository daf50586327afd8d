// SPDX-License-Identifier: Apache-2.0
// How challenge points are cut along the axes of boxes; shared by prover and verifier so that they cannot differ.
#pragma once

#include <map>
#include <span>
#include <tuple>
#include <vector>

#include "argument/functional.h"
#include "argument/plan.h"

namespace zkinfer::argument {

// eq weights of all axes of a box, which take their bits from the point in box order (first coordinates first).
BoxWeights box_weights(const circuit::Box& box, std::span<const Fe> point);

// A contraction at (tau, sum_point): a, b, c axes take bits of tau in box order, c and k axes take bits of sum_point in
// box order (its last sum_bits coordinates). Axes that an expression does not use are read at index 0.
struct ContractionWeights {
  BoxWeights y, lhs, rhs;
  Fe shared_eq;  // eq(tau, sum_point) over the c axes
};
// At tau only (y, and the bound axes of lhs and rhs); the prover needs them before the sumcheck.
BoxWeights tau_weights(const circuit::Contraction& relation, std::span<const Fe> tau);
ContractionWeights contraction_weights(const circuit::Contraction& relation, const ContractionPlan& plan,
                                       std::span<const Fe> tau, std::span<const Fe> sum_point);

// The eq factor of a leaf block's address prefix.
Fe leaf_prefix(const LeafBlock& leaf, std::span<const Fe> point);

// eq weights of the leaf blocks of one lookup at the leaf point. Blocks share most of them.
class LeafWeights {
 public:
  explicit LeafWeights(std::span<const Fe> point) : point_(point) {}
  // Of a block of the lookup: zero outside the block.
  BoxWeights of(const LeafBlock& leaf);

 private:
  std::span<const Fe> point_;
  // By axis, first index, bits and position of the piece.
  std::map<std::tuple<std::uint32_t, std::uint64_t, int, int>, Vector> known_;
};

}  // namespace zkinfer::argument
