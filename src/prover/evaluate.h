// SPDX-License-Identifier: Apache-2.0
// Makes evaluations (verifier/evaluation.h), chunk by chunk: committed model + rows of a data set -> totals of what they count for.
#pragma once

#include "prover/prove_batch.h"
#include "verifier/evaluation.h"

namespace zkinfer::prover {

// What chunks of one shape have in common.
struct ChunkPlan : BatchPlan {
  qir::Outcome outcome;
  relations::ChunkShape shape;
};
// Errors: resource_limit for rows whose circuit is too large; no opening parameters for this M.
Result<ChunkPlan> plan_chunk(const CommittedModel& model, const qir::Outcome& outcome,
                             const relations::ChunkShape& shape);
// One for each of the head's runs.
Result<std::vector<ChunkPlan>> plan_chunks(const CommittedModel& model, const qir::Outcome& outcome,
                                           const verifier::EvaluationHead& head);

// Totals of the chunks so far, and their commitment where there is one.
struct Totals {
  std::vector<std::uint64_t> values;  // [totals_size]
  std::shared_ptr<const CommittedValues> committed;
};
struct Chunk {
  verifier::ChunkClaims claims;
  Totals totals;
  Bytes messages;
};
// request.inputs: per input of the outcome's graph, of the chunk's rows. before: of the chunk before it, where its shape takes totals.
// Errors: the executor's, naming the row of the chunk.
Result<Chunk> prove_chunk(const CommittedModel& model, const ChunkPlan& plan, const verifier::EvaluationHead& head,
                          std::uint64_t chunk, const Totals& before, const ProveRequest& request);

}  // namespace zkinfer::prover
