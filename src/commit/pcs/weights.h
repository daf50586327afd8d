// SPDX-License-Identifier: Apache-2.0
// WeightSource: a linear functional on the message part f of one oracle (zero on the random rows), as the opening sees it.
// Implementation: argument/dense_weights.h. The verifier has its own (OpeningClaim, commit/pcs/opening_verifier.h).
#pragma once

#include <cstddef>

#include "field/vec.h"

namespace zkinfer::pcs {

class WeightSource {
 public:
  virtual ~WeightSource() = default;
  // Adds factor times the weights U[lane][first .. first + out.size) to out. Thread-safe.
  virtual void add_rows(std::size_t lane, std::size_t first, const Fe& factor, FeSpan out) const = 0;
};

}  // namespace zkinfer::pcs
