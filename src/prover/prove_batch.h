// SPDX-License-Identifier: Apache-2.0
// Makes a batch (verifier/batch.h): committed model + the inputs of any number of rows -> one proof.
// Time and memory are those of the rows together; a single opening of the weights serves all of them.
#pragma once

#include "exec/integer/executor.h"
#include "prover/prove.h"

namespace zkinfer::prover {

// What batches of so many rows of one model have in common: circuits and opening parameters.
struct BatchPlan {
  verifier::PreparedKey prepared;
  relations::CompiledCircuit row;  // of one row, whose recipes fill the columns
};
// Errors: resource_limit for rows whose circuit is too large; no opening parameters for this M.
Result<BatchPlan> plan_batch(const CommittedModel& model, std::uint64_t num_rows);

// request.inputs, or committed_inputs: per graph input, with a leading axis of rows; inputs and outputs of the result, too.
// Errors: the executor's, naming the row.
Result<Proof> prove_batch(const CommittedModel& model, const BatchPlan& plan, const ProveRequest& request);

// The columns of a batch. values receives the graph's inputs and outputs of all rows, by ValueId; inputs: per graph input, of
// all rows.
Result<circuit::ColumnValues> batch_columns(const qir::QGraph& graph, const qir::WeightStore& weights,
                                            const BatchPlan& plan, const std::vector<std::vector<std::int64_t>>& inputs,
                                            exec_integer::Witness& values);

}  // namespace zkinfer::prover
