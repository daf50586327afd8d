// SPDX-License-Identifier: Apache-2.0
// One graph, three readings of it: what the integer executor computes, what the columns' relations say, and what the
// verifier's functionals say of the same columns. A difference is a soundness or a completeness bug.
#pragma once

#include <string>

#include "qir/qgraph.h"

namespace zkinfer::differential {

enum class Outcome {
  kAgrees,
  kRefused,  // validate or compile refuse the graph: `what` says why
  kNotRun,   // the executor refuses the input: a parameter or an accumulator leaves its declared range
  kDiffers,
};

struct Comparison {
  Outcome outcome = Outcome::kAgrees;
  std::string what;
};

// How much is compared; each includes the ones before it.
enum class Depth {
  kColumns,      // executor against every relation, on its columns
  kFunctionals,  // the protocol up to the opening, its checks evaluated on the columns
  kProof,        // a whole proof, verified
};

// Parameters, inputs and visibility are drawn from the seed.
Comparison compare(const qir::QGraph& graph, std::uint64_t seed, Depth depth);

// The circuit of so many rows against the executor's run of each, public values being those of the runs; and what nobody
// may be able to prove: the rows' outputs turned by one row where that changes something. kProof: a whole batch, verified.
Comparison compare_batch(const qir::QGraph& graph, std::uint64_t seed, std::uint64_t num_rows, Depth depth);

// Whether the comparison of columns sees it when one relation of the circuit is changed: whether it can fail at all.
bool differs_when_broken(const qir::QGraph& graph, std::uint64_t seed);

}  // namespace zkinfer::differential
