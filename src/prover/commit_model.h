// SPDX-License-Identifier: Apache-2.0
// Commits to a model's parameters: chooses the opening's parameters, encodes M, and derives the verification key.
#pragma once

#include "commit/pcs/oracle_prover.h"
#include "verifier/verify.h"

namespace zkinfer::prover {

// Proofs that one commitment to an input or output may serve: a chain uses two, a few are left for other models.
inline constexpr std::uint64_t kDefaultTensorBudget = 8;

struct ModelOptions {
  Security security;
  std::uint64_t budget = 0;         // 0: the default for the model's size
  std::uint64_t tensor_budget = 0;  // of committed inputs and outputs; 0: kDefaultTensorBudget
  qir::Visibility visibility;       // zero knowledge off needs everything public
};

// The model with its commitment. `seed` is secret: it makes the rows key and, with statement, witness and entropy, every
// proof's key. `rows_key` makes M's encoding randomness: it gives no power over proofs, but takes M's hiding from whoever sees them.
struct CommittedModel {
  verifier::PreparedKey prepared;
  qir::Weights params;
  Digest seed{};
  Digest rows_key{};  // zeros without parameters
  pcs::CommittedOracle oracle;
};

// Errors: zero knowledge off with something private, the circuit cannot be built, parameters outside their declared ranges, no opening parameters within the caps.
Result<CommittedModel> commit_model(const qir::QGraph& graph, qir::Weights params, const ModelOptions& options,
                                    const Digest& seed);
// The same commitment again, from its opening parameters and seed.
Result<CommittedModel> commit_model(const qir::QGraph& graph, qir::Weights params, const pcs::OpeningParams& opening,
                                    const qir::Visibility& visibility, const Digest& seed);

// The same from the rows key alone, for whoever compares a key with a model: the result has no seed and must not prove.
Result<CommittedModel> commit_model_with_rows(const qir::QGraph& graph, qir::Weights params,
                                              const pcs::OpeningParams& opening, const qir::Visibility& visibility,
                                              const Digest& rows_key);

// The key of M's random rows: Keccak-256 over seed, structure, opening parameters and weights (docs/protocol.md, section 8).
// The same seed with another model, other weights or other parameters must give independent rows: two code words that
// share them would show the difference of their messages.
Digest derive_rows_key(const Digest& seed, const qir::QGraph& graph, const pcs::OpeningParams& opening,
                       const qir::Weights& params);

}  // namespace zkinfer::prover
