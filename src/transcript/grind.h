// SPDX-License-Identifier: Apache-2.0
// The prover's side of proof of work.
#pragma once

#include <cstdint>

#include "transcript/transcript.h"

namespace zkinfer {

// Finds and absorbs the smallest nonce; uses all cores. pow_bits in [0, Security::kMaxPowBits].
std::uint64_t grind(Transcript& transcript, int pow_bits);

}  // namespace zkinfer
