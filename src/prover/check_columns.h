// SPDX-License-Identifier: Apache-2.0
// Checks every relation of a circuit directly on the columns' values, without any cryptography: what tests compare the
// integer executor with, what a commitment is checked with (check_model.h), and what tells a developer which relation of a
// new operator is wrong. Contractions are checked in one random combination each, everything else in full.
#pragma once

#include "circuit/evaluate.h"
#include "relations/compile.h"
#include "statement/statement.h"

namespace zkinfer::prover {

// kInternal with the relation's name and the first bad position.
Status check_columns(const relations::CompiledCircuit& compiled, const circuit::ColumnValues& data,
                     const statement::PublicValues& tensors);

}  // namespace zkinfer::prover
