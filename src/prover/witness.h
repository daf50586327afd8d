// SPDX-License-Identifier: Apache-2.0
// The witness columns of a circuit, from the integer executor's values (recipes: relations/recipes.h).
#pragma once

#include "argument/outer_prover.h"
#include "circuit/evaluate.h"
#include "exec/integer/executor.h"
#include "relations/recipes.h"

namespace zkinfer::prover {

// Fills every column whose recipe says how; parameter columns are borrowed from the weights; pads, blind and multiplicities stay empty.
circuit::ColumnValues fill_columns(const qir::QGraph& graph, const relations::CompiledCircuit& compiled,
                                   const qir::WeightStore& weights, const exec_integer::Witness& witness);

// The parameter columns alone.
circuit::ColumnValues parameter_columns(const relations::CompiledCircuit& compiled, const qir::WeightStore& weights);

argument::TupleValues evaluate_tuples(const relations::CompiledCircuit& compiled, const circuit::ColumnValues& data);

// Sets the multiplicity columns. A tuple that is no row of its table is left out (the verifier will reject the proof).
void count_multiplicities(const relations::CompiledCircuit& compiled, const argument::TupleValues& tuples,
                          circuit::ColumnValues& data);

}  // namespace zkinfer::prover
