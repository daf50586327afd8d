// SPDX-License-Identifier: Apache-2.0
// Commits to a model's parameters: chooses the opening's parameters, encodes M, and derives the verification key.
#pragma once

#include "commit/pcs/oracle_prover.h"
#include "verifier/verify.h"

namespace zkinfer::prover {

struct ModelOptions {
  std::uint32_t security_bits = 128;
  pcs::Regime regime = pcs::Regime::kJohnson;
  bool zero_knowledge = true;
  std::uint8_t pow_bits = 16;
  std::uint64_t budget = 0;  // 0: the default for the model's size
  qir::Visibility visibility;  // zero knowledge off needs everything public
};

// The model with its commitment. `seed` is secret: it makes M's encoding randomness and, with the statement and the
// witness, every proof's.
struct CommittedModel {
  verifier::PreparedKey prepared;
  qir::ParamData params;
  Digest seed{};
  pcs::CommittedOracle oracle;
};

// Errors: zero knowledge off with something private, the circuit cannot be built, parameters outside their declared ranges, no opening parameters within the caps.
Result<CommittedModel> commit_model(const qir::QGraph& graph, qir::ParamData params, const ModelOptions& options,
                                    const Digest& seed);
// The same commitment again, from its opening parameters and seed.
Result<CommittedModel> commit_model(const qir::QGraph& graph, qir::ParamData params, const pcs::OpeningParams& opening,
                                    const qir::Visibility& visibility, const Digest& seed);

}  // namespace zkinfer::prover
