// SPDX-License-Identifier: Apache-2.0
// Makes the certificate of a weight commitment (verifier/certificate.h). Uses one of the commitment's budgeted proofs.
// Cost: one or two lookups per parameter; memory about 200 bytes per lookup.
#pragma once

#include "prover/prove.h"

namespace zkinfer::prover {

// request: entropy, progress and hooks are used. Errors: a model without parameters, no opening parameters for this M.
Result<Bytes> certify(const CommittedModel& model, const ProveRequest& request);

}  // namespace zkinfer::prover
