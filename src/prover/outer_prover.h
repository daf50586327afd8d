// SPDX-License-Identifier: Apache-2.0
// Sends the messages before the opening (order: verifier/outer_verifier.h).
#pragma once

#include "circuit/evaluate.h"
#include "hiding/prover_channel.h"
#include "prover/witness.h"
#include "relations/compile.h"

namespace zkinfer::prover {

// Seconds spent per part, for reports.
struct OuterTimes {
  double lookup = 0;
  double relations = 0;
};

void prove_outer(hiding::ProverChannel& channel, const relations::CompiledCircuit& compiled,
                 const circuit::ColumnValues& data, TupleValues tuples, std::span<const Fe> pads, OuterTimes& times);

}  // namespace zkinfer::prover
