// SPDX-License-Identifier: Apache-2.0
// The verifier's claim (verifier/opening_claim.h) with dense weights, as the prover of the opening needs it.
#pragma once

#include <memory>

#include "circuit/dense_weights.h"
#include "commit/pcs/opening_prover.h"
#include "verifier/opening_claim.h"

namespace zkinfer::prover {

class OpeningStatement {
 public:
  // prepared outlives the object.
  OpeningStatement(const verifier::PreparedKey& prepared, const verifier::DataPins& data,
                   const statement::PublicValues& tensors, const verifier::OuterMessages& outer);
  const pcs::OpeningStatement& get() const { return statement_; }
  OpeningStatement(const OpeningStatement&) = delete;
  OpeningStatement& operator=(const OpeningStatement&) = delete;

 private:
  std::vector<std::unique_ptr<circuit::DenseWeights>> weights_;
  pcs::OpeningStatement statement_;
};

}  // namespace zkinfer::prover
