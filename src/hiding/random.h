// SPDX-License-Identifier: Apache-2.0
// RandomSource: where a prover takes its secret randomness from. The caller supplies it (a keyed PRF), so that the proof
// is a function of its inputs and of the key.
#pragma once

#include "field/buffer.h"

namespace zkinfer::hiding {

class RandomSource {
 public:
  virtual ~RandomSource() = default;
  // Independent uniform elements of F, never handed out before. Consumers ask in an order fixed by the parameters.
  virtual void fill(FpSpan out) = 0;
};

}  // namespace zkinfer::hiding
