// SPDX-License-Identifier: Apache-2.0
// The verifier's claim (argument/opening_claim.h) with dense weights, as the prover of the opening needs it.
#pragma once

#include <memory>

#include "argument/dense_weights.h"
#include "argument/opening_claim.h"
#include "commit/pcs/opening_prover.h"

namespace zkinfer::argument {

class OpeningStatement {
 public:
  // layouts outlives the object.
  OpeningStatement(const Compiled& compiled, const Layouts& layouts, const OraclePins& pins,
                   const TensorValues& tensors, const OuterMessages& outer);
  const pcs::OpeningStatement& get() const { return statement_; }
  OpeningStatement(const OpeningStatement&) = delete;
  OpeningStatement& operator=(const OpeningStatement&) = delete;

 private:
  std::vector<std::unique_ptr<DenseWeights>> weights_;
  pcs::OpeningStatement statement_;
};

}  // namespace zkinfer::argument
