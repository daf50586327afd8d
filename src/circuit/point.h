// SPDX-License-Identifier: Apache-2.0
// How challenge points are cut along the axes of boxes; shared by prover and verifier so that they cannot differ.
#pragma once

#include <span>
#include <vector>

#include "circuit/functional.h"
#include "circuit/plan.h"

namespace zkinfer::circuit {

// eq vectors of all axes of a box, which take their bits from the point in box order (first coordinates first).
std::vector<std::vector<Fe>> box_vectors(const Box& box, std::span<const Fe> point);

// A contraction at (tau, sum_point): a, b, c axes take bits of tau in box order, c and k axes take bits of sum_point in
// box order (its last sum_bits coordinates). Axes that an operand does not use get the vector (1, 0, .., 0).
struct ContractionVectors {
  std::vector<std::vector<Fe>> y, lhs, rhs;  // [box rank][axis]
  Fe shared_eq;                              // eq(tau, sum_point) over the c axes
};
// tau vectors only (y, and the bound axes of lhs and rhs); the prover needs them before the sumcheck.
std::vector<std::vector<Fe>> tau_vectors(const Contraction& relation, std::span<const Fe> tau);
ContractionVectors contraction_vectors(const Contraction& relation, const ContractionPlan& plan,
                                       std::span<const Fe> tau, std::span<const Fe> sum_point);

// Vectors of a leaf block's box at the leaf point, zero outside the block, and the eq factor of its address prefix.
struct LeafVectors {
  std::vector<std::vector<Fe>> axes;  // kLookup: [box rank][axis]
  std::vector<Fe> rows;               // kTable: [2^log_size]
  Fe prefix;
};
LeafVectors leaf_vectors(const Circuit& circuit, const LeafBlock& leaf, std::span<const Fe> point);

}  // namespace zkinfer::circuit
