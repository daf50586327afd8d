// SPDX-License-Identifier: Apache-2.0
// Opening parameters of a further proof over a weight commitment: M is as it was committed, W has the size that the other
// circuit needs.
#pragma once

#include "prover/commit_model.h"
#include "soundness/choose_params.h"

namespace zkinfer::prover {

// What the search must know of a circuit and of the security asked for; M's budget and parameters are the caller's.
soundness::ParamRequest param_request(const Security& security, const relations::CompiledCircuit& compiled);

// compiled has the model columns of the key's circuit. Errors: no opening parameters for this M.
Result<pcs::OpeningParams> key_proof_params(const pcs::OpeningParams& own, const relations::CompiledCircuit& compiled,
                                            std::vector<pcs::TensorOracle> data);

}  // namespace zkinfer::prover
