// SPDX-License-Identifier: Apache-2.0
// Makes joint proofs (verifier/joint.h): committed model + the requests of several people -> one proof, and a seat for each of them.
#pragma once

#include "prover/prove_batch.h"
#include "verifier/joint.h"

namespace zkinfer::prover {

// Errors: plan_batch's; check_num_seats'; a key without zero knowledge.
Result<BatchPlan> plan_joint(const CommittedModel& model, std::uint64_t num_seats);

struct JointProof {
  Bytes bytes;
  std::vector<Bytes> seats;                        // of the contexts, in their order; secret, each its owner's
  std::vector<std::vector<std::int64_t>> outputs;  // per graph output, of as many rows
  ProveTimes times;
};
// contexts: one for each request, at least one and at most the plan's seats. request.inputs: per graph input, of as many rows; the seats
// that are left are filled with the first request's row, under pads and salts of their own. Pads and salts follow from seed, entropy, slot, contexts
// and rows, so that none serves two different proofs. Errors: the executor's, naming the row.
// hooks: outputs, what the leaves are made of; columns.
Result<JointProof> prove_joint(const CommittedModel& model, const BatchPlan& plan, const std::vector<Digest>& contexts,
                               const ProveRequest& request);

}  // namespace zkinfer::prover
