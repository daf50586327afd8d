// SPDX-License-Identifier: Apache-2.0
// OuterPlan: everything about the protocol before the opening that the circuit fixes: the leaves of the lookup argument,
// the variables of the batched sumcheck, and how many pads the hidden messages need.
#pragma once

#include <vector>

#include "circuit/blocks.h"
#include "circuit/circuit.h"
#include "hiding/layout.h"
#include "soundness/shape.h"

namespace zkinfer::argument {

// An aligned block of the 2^log_leaves leaves (P, Q) of the lookup argument. Leaves of no block are (0, 1).
//   kLookup  the points of a sub-box of lookup `index`: (1, alpha - tag - sum_j beta^(j+1) tuple_j)
//   kTable   the rows of table `index`, of a sub-box of them where they are committed:
//            (-multiplicity, alpha - tag - sum_j beta^(j+1) row_j)
//   kBlind   one leaf (0, rho), rho random: hides the product of all denominators
struct LeafBlock {
  enum class Kind : std::uint8_t { kLookup, kTable, kBlind };
  Kind kind = Kind::kBlind;
  std::uint32_t index = 0;
  circuit::Block block;              // over the box of the lookup or of the committed table
  std::vector<std::uint32_t> order;  // its axes from the highest to the lowest bits
  int log_size = 0;
  std::uint64_t offset = 0;  // a multiple of 2^log_size
};

// Whether the boxes of lookups and committed tables are padded to powers of two: where the leaves need no more bits then. A block each
// saves the verifier work.
bool pads_leaves(const circuit::Circuit& circuit);
// Else they are cut like columns, in blocks of any size.
inline circuit::Cuts leaf_cuts(const circuit::Box& box, bool is_padded) {
  return is_padded ? circuit::uncut_axes(box) : circuit::cut_axes(box, 62);
}

struct ContractionPlan {
  int tau_bits = 0;     // bits of axes a, b, c
  int sum_bits = 0;     // bits of axes c, k: variables in the batched sumcheck
  int shared_bits = 0;  // bits of axes c, the first ones of the sumcheck variables
};

struct OuterPlan {
  std::vector<LeafBlock> leaves;
  int log_leaves = 0;
  std::vector<ContractionPlan> contractions;
  int tau_bits = 0;   // length of tau: the largest box of any relation
  int seat_bits = 0;  // length of theta: the largest box of what a seat shows
  int rounds = 0;     // of the batched sumcheck
  int degree = 2;     // of its round polynomials
};

ContractionPlan plan_contraction(const circuit::Contraction& relation);
OuterPlan make_plan(const circuit::Circuit& circuit);

// Runs the counting pass of the whole outer protocol; the result holds layout and copies (hiding/layout.h).
hiding::PadAllocator count_pads(const circuit::Circuit& circuit, const OuterPlan& plan, bool zero_knowledge);

// Appends the pad column, [3, pads]: coefficient j of pad i at (j, i). After this the circuit is complete. Does nothing to a circuit that has it.
void add_pad_column(circuit::Circuit& circuit, const hiding::PadLayout& layout);

soundness::OuterShape outer_shape(const circuit::Circuit& circuit, const OuterPlan& plan,
                                  const hiding::PadLayout& layout);

}  // namespace zkinfer::argument
