// SPDX-License-Identifier: Apache-2.0
// Makes the rotation proof of two weight commitments (verifier/rotation.h). Uses one of the budgeted proofs of both.
// Cost: an opening over both oracles M; memory as for both of them.
#pragma once

#include "prover/prove.h"

namespace zkinfer::prover {

// request: entropy, progress and hooks are used. Errors: commitments to other weights or another structure, a public
// model, no opening parameters for these two M.
// can_rotate gives the same errors before a slot is spent.
Status can_rotate(const CommittedModel& before, const CommittedModel& after);
Result<Bytes> rotate(const CommittedModel& before, const CommittedModel& after, const ProveRequest& request);

}  // namespace zkinfer::prover
