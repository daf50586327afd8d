// SPDX-License-Identifier: Apache-2.0
// The simulator of docs/security.md, section 3.3: proofs without a witness. It is given what everybody may know (structure,
// visibility, opening parameters, public tensors) and, before it sends anything, one challenge: "mask eta". Commitments to
// private weights, inputs and outputs it makes up too.
#pragma once

#include <memory>

#include "commit/pcs/oracle_prover.h"
#include "prover/commit_model.h"

namespace zkinfer::e2e {

class Simulator {
 public:
  // Private parameters: draws the key's root and value. Aborts when the parameters are not for the graph: a broken test.
  Simulator(const qir::QGraph& graph, const qir::Visibility& visibility, const pcs::OpeningParams& params,
            const Fe& eta, std::uint64_t seed);
  // Public parameters: everybody can make this commitment.
  Simulator(const prover::CommittedModel& public_model, const Fe& eta, std::uint64_t seed);

  // The verifier's key.
  const verifier::PreparedKey& prepared() const { return prepared_; }
  // A proof of these public tensors, true or not.
  Bytes prove(const proof::PublicValues& values);

 private:
  class Run;

  Fe eta_;
  std::unique_ptr<hiding::RandomSource> random_;
  verifier::PreparedKey prepared_;
  pcs::EncodedOracle model_;
};

}  // namespace zkinfer::e2e
