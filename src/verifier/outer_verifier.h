// SPDX-License-Identifier: Apache-2.0
// The outer verifier: replays the messages before the opening and turns every check into one linear claim on the oracles,
//   sum over the base oracles of <columns, U> = mu
// which the opening must settle. The prover runs it on its own messages to learn the claim it has to open.
//
// Messages after the roots (docs/protocol.md):
//   V alpha, beta; the grand sum of the lookups (lookup/);
//   V tau, gamma; the batched sumcheck of the contractions, then per contraction its two operand values (a product);
//   the zero-check of the product triples; V delta.
#pragma once

#include <vector>

#include "circuit/functional.h"
#include "hiding/verifier_channel.h"
#include "relations/compile.h"
#include "statement/statement.h"

namespace zkinfer::verifier {

// form + sum of terms = 0.
struct Constraint {
  const char* label = "";
  hiding::LinearForm form;
  std::vector<circuit::Term> terms;
};

// Every check of the outer protocol that is not settled at once, in order. Reads all messages up to the challenge delta.
std::vector<Constraint> collect_constraints(hiding::VerifierChannel& channel,
                                            const relations::CompiledCircuit& compiled,
                                            const statement::PublicValues& tensors);

struct OuterClaim {
  std::vector<std::vector<circuit::Term>> terms;  // by circuit::Oracle
  Fe mu;
  Fe next_power;  // of delta: for the claims on the out-of-domain values of M and the data oracles
  Fe delta;
};

// collect_constraints, then their sum weighted by powers of delta. Failure is the channel's verdict; the claim is then meaningless. tensors: the public tensors' values (statement::tensor_values), sizes checked by the caller.
OuterClaim verify_outer(hiding::VerifierChannel& channel, const relations::CompiledCircuit& compiled,
                        const statement::PublicValues& tensors);

}  // namespace zkinfer::verifier
