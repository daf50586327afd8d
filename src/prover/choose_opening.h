// SPDX-License-Identifier: Apache-2.0
// The opening parameters of a new commitment, chosen together with everything that its owner will need later: M is fixed once it
// is committed, so it must be one for which the certificate and the rotation (to a commitment with the same parameters) exist.
#pragma once

#include "prover/commit_model.h"

namespace zkinfer::prover {

// compiled: the circuit of `graph` under the options. Errors: resource_limit for a budget without parameters, naming one that
// works; no parameters within the caps on code words.
Result<pcs::OpeningParams> choose_opening(const qir::QGraph& graph, const relations::CompiledCircuit& compiled,
                                          const ModelOptions& options);

}  // namespace zkinfer::prover
