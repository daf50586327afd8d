// SPDX-License-Identifier: Apache-2.0
// Prover of zerocheck_verifier.h. Nothing is sent without triples or with zero knowledge off.
#pragma once

#include <span>

#include "hiding/prover_channel.h"

namespace zkinfer::sumcheck {

// pad_values: [layout.num_pads()].
void prove_triples(hiding::ProverChannel& channel, std::span<const Fe> pad_values);

}  // namespace zkinfer::sumcheck
