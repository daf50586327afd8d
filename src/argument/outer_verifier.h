// SPDX-License-Identifier: Apache-2.0
// The outer verifier, in two steps. receive_outer reads the messages before the opening and checks what is in clear; it costs
// their number. evaluate_outer turns every other check into a linear constraint on the columns, which the opening settles in one
// random combination; it costs what the key says (verifier/cost.h) and is made only of proofs whose bytes are all in order.
//
// Messages after the roots (docs/protocol.md):
//   of a circuit with seats: V theta_0, theta; the mark of every row, in clear;
//   V alpha, beta; the grand sum of the lookups (lookup/);
//   V tau, gamma; the batched sumcheck of the contractions, then per contraction its two operand values (a product);
//   the zero-check of the product triples; V delta.
#pragma once

#include <vector>

#include "argument/compiled.h"
#include "argument/functional.h"
#include "hiding/product.h"
#include "lookup/gkr_verifier.h"
#include "sumcheck/rounds.h"

namespace zkinfer::argument {

// Values of the public tensors, each row-major (circuit::Circuit::public_tensors).
using TensorValues = std::vector<std::vector<std::int64_t>>;

// Of the circuit's seats (circuit::Seats).
struct SeatMarks {
  Fe first;                 // theta_0
  std::vector<Fe> point;    // theta
  std::vector<Fe> of_rows;  // [rows], in clear
};
// What each entry of a row's tensors, one behind the other, adds to its mark.
std::vector<Fe> seat_weights(const circuit::Seats& seats, const SeatMarks& marks);

struct OuterMessages {
  SeatMarks seats;
  Fe alpha, beta;
  lookup::LeafClaims leaves;
  std::vector<Fe> tau;
  Fe gamma;
  sumcheck::RoundsResult rounds;
  std::vector<hiding::ProductForms> operands;  // [contractions]
  std::vector<hiding::LinearForm> messages;    // checks of the messages alone
  Fe delta;
};

// Failure is the channel's verdict; the messages are then meaningless.
OuterMessages receive_outer(hiding::VerifierChannel& channel, const Compiled& compiled);

// Constraints, in this order: the leaf claims p and q; per contraction lhs and rhs; the end of the contractions' sumcheck;
// equalities; public tensors; seats, all in one; messages. Constraint i says: its form + its terms = 0.
struct ConstraintCounts {
  std::size_t contractions, equalities, public_tensors, seats, messages;

  ConstraintCounts(const Compiled& compiled, const OuterMessages& messages);
  std::size_t total() const { return 3 + 2 * contractions + equalities + public_tensors + seats + messages; }
};

// What evaluate_outer gives, piece by piece: a constraint's form and terms come in any number of parts.
class ConstraintSink {
 public:
  virtual ~ConstraintSink() = default;
  virtual void add_form(std::size_t constraint, const hiding::LinearForm& form) = 0;
  virtual void add_term(std::size_t constraint, Term term) = 0;
  // Later terms share no vectors with the terms so far, but for those that are still held.
  virtual void end_relation() {}
};

// tensors: the public tensors' values (statement::tensor_values), sizes checked by the caller.
void evaluate_outer(const Compiled& compiled, const TensorValues& tensors, const OuterMessages& outer,
                    ConstraintSink& sink);

}  // namespace zkinfer::argument
