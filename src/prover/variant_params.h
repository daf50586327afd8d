// SPDX-License-Identifier: Apache-2.0
// Opening parameters of a further proof over a weight commitment: M is as it was committed, W has the size that the other
// circuit needs.
#pragma once

#include "prover/commit_model.h"

namespace zkinfer::prover {

// compiled has the model columns of the key's circuit. Errors: no opening parameters for this M.
Result<pcs::OpeningParams> variant_params(const pcs::OpeningParams& own, const relations::CompiledCircuit& compiled,
                                          std::vector<pcs::DataOracle> data);

}  // namespace zkinfer::prover
