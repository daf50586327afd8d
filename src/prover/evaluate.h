// SPDX-License-Identifier: Apache-2.0
// Makes evaluations (verifier/evaluation.h), chunk by chunk: committed model + rows of a data set -> how often each cell is.
#pragma once

#include "prover/prove_batch.h"
#include "verifier/evaluation.h"

namespace zkinfer::prover {

// Errors: resource_limit for rows whose circuit is too large; no opening parameters for this M.
Result<BatchPlan> plan_chunk(const CommittedModel& model, const qir::Outcome& outcome, std::uint64_t num_rows);

struct Chunk {
  std::vector<std::uint64_t> counts;  // [cell]
  Bytes messages;
};
// request.inputs: per input of the outcome's graph, of the chunk's rows. Errors: the executor's, naming the row of the chunk.
Result<Chunk> prove_chunk(const CommittedModel& model, const BatchPlan& plan, const verifier::EvaluationHead& head,
                          std::uint64_t chunk, const ProveRequest& request);

}  // namespace zkinfer::prover
