// SPDX-License-Identifier: Apache-2.0
// What a proof says of inputs and outputs, and the commitments that it opens.
#pragma once

#include "exec/integer/executor.h"
#include "prover/prove.h"

namespace zkinfer::prover {

struct StatementTensors {
  std::vector<std::shared_ptr<const CommittedValues>> outputs;  // made here
  std::vector<const CommittedValues*> opened;                   // one per data oracle
};

// prepared: the model's, or of a batch under it. inputs, and witness.values of the graph's inputs and outputs: of all rows.
Result<StatementTensors> make_statement(const CommittedModel& model, const verifier::PreparedKey& prepared,
                                        const ProveRequest& request,
                                        const std::vector<std::vector<std::int64_t>>& inputs,
                                        const exec_integer::Witness& witness, statement::PublicIo& out);

// The inputs: as given, or those of the commitments.
Result<std::vector<std::vector<std::int64_t>>> inputs_of(const statement::Key& key, const ProveRequest& request);

}  // namespace zkinfer::prover
