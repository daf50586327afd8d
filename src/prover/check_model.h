// SPDX-License-Identifier: Apache-2.0
// Before anything is committed: do the relations hold for what the program computes? They are derived from the structure
// by code of some thousand lines; an owner whose model that code gets wrong should learn it now, not from proofs that fail
// one after the other and take a slot each. Cost: an inference and its columns for each input tried, no commitment.
#pragma once

#include "exec/integer/executor.h"
#include "relations/compile.h"
#include "statement/statement.h"

namespace zkinfer::prover {

// Tries random inputs of the declared ranges: some for small circuits, one for large ones. Inputs that the program itself
// refuses (an accumulator beyond its table) have no proof and say nothing.
// internal: a relation does not hold; names the node and the relation.
Status check_model(const qir::QGraph& graph, const qir::WeightStore& weights, const qir::Visibility& visibility,
                   const relations::CompiledCircuit& compiled);

// What a verifier compares the circuit's public tensors with: entries, and words of digests.
statement::PublicValues statement_values(const qir::QGraph& graph, const qir::Visibility& visibility,
                                         const exec_integer::Witness& witness);

}  // namespace zkinfer::prover
