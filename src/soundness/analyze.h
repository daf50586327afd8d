// SPDX-License-Identifier: Apache-2.0
// The soundness of one set of parameters, recomputed from the numbers that are actually used: one labelled term per
// source of error (terms.h), worst round and sum. Formulas and what they rest on: docs/soundness.md.
//
// The multiplicities s of the codes are no parameters of the protocol: any choice gives a valid bound, and the analysis
// takes for each code the largest s whose fold error stays a little below the target (code_bound.h).
#pragma once

#include "commit/pcs/params.h"
#include "soundness/report.h"
#include "soundness/shape.h"

namespace zkinfer::soundness {

// Total on parameters that pass params.validate(); a code without radius gives terms of 0 bits.
SoundnessReport analyze(const pcs::OpeningParams& params, const OuterShape& shape);

}  // namespace zkinfer::soundness
