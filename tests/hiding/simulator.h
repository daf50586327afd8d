// SPDX-License-Identifier: Apache-2.0
// Keys, proofs, certificates and rotations of nobody: made by the simulator (simulated_messages.h) from what everybody may
// know, the structure, visibility, opening parameters and public data, and from the challenge "mask eta". Commitments to
// private weights, inputs and outputs it makes up.
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
  // A proof of this statement, true or not; its commitments are filled in.
  Bytes prove(statement::PublicIo statement);
  // "Every parameter is in its declared range."
  Bytes certify();
  // "`after` commits to the same weights."
  Bytes rotate(const Simulator& after);

 private:
  Fe eta_;
  std::unique_ptr<hiding::RandomSource> random_;
  verifier::PreparedKey prepared_;
  pcs::EncodedOracle model_;
};

}  // namespace zkinfer::e2e
