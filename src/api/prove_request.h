// SPDX-License-Identifier: Apache-2.0
// Between a public request to prove and the prover's.
#pragma once

#include "prover/prove.h"
#include "zkinfer/prove.h"

namespace zkinfer::api {

// At most 32 bytes.
Status check_context(const Bytes& context);

// The request's inputs in the form that the key asks for. Finds everything that would make prover::prove refuse them, before
// slots are taken.
Status set_inputs(const statement::Key& key, const std::vector<WholeTensor>& whole, const ProveRequest& request,
                  prover::ProveRequest& out, std::vector<Clipping>& clipping);

// What a verifier of the proof, or of the batch of these rows, must find; without commitments.
VerifyRequest statement_of(const statement::Key& key, const Bytes& context, const std::vector<BatchRow>& rows);

}  // namespace zkinfer::api
