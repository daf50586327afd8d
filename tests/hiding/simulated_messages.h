// SPDX-License-Identifier: Apache-2.0
// The simulator of docs/security.md, section 3.3: everything after a proof's header, without a witness. Of the challenges
// it is given one before it sends anything, "mask eta".
#pragma once

#include <functional>

#include "commit/pcs/oracle_prover.h"
#include "verifier/verify.h"

namespace zkinfer::e2e {

Fe uniform_element(hiding::RandomSource& random);
// A tree over uniform rows. They are no code word: nobody sees more rows than a code word's random coefficients allow.
pcs::EncodedOracle uniform_oracle(const pcs::CodeParams& params, std::size_t row_values, hiding::RandomSource& random);

// What prover::StatementContext is to a prover, and the commitments that were made up: M (if any), D_0, ..
struct SimulatedStatement {
  const verifier::PreparedKey& prepared;
  const char* protocol;
  std::function<void(Transcript&)> absorb;
  statement::PublicValues tensors;
  verifier::DataPins pins;
  std::vector<const pcs::EncodedOracle*> commitments;
};

Bytes simulate_messages(const SimulatedStatement& statement, const Fe& eta, hiding::RandomSource& random);

}  // namespace zkinfer::e2e
