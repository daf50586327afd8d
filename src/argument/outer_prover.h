// SPDX-License-Identifier: Apache-2.0
// Sends the messages before the opening (order: argument/outer_verifier.h).
#pragma once

#include "argument/backend.h"
#include "hiding/prover_channel.h"

namespace zkinfer::argument {

// Seconds spent per part, for reports.
struct OuterTimes {
  double lookup = 0;
  double relations = 0;
};

void prove_outer(hiding::ProverChannel& channel, const Compiled& compiled, const circuit::ColumnValues& data,
                 TupleValues tuples, std::span<const Fe> pads, const Backend& backend, OuterTimes& times);

}  // namespace zkinfer::argument
