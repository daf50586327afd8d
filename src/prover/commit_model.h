// SPDX-License-Identifier: Apache-2.0
// Commits to a model's parameters: chooses the opening's parameters, encodes M, and derives the verification key.
#pragma once

#include "commit/pcs/code_file.h"
#include "qir/weight_store.h"
#include "verifier/verify.h"

namespace zkinfer::prover {

// Proofs that one commitment to an input or output may serve: a chain uses two, a few are left for other models.
inline constexpr std::uint64_t kDefaultTensorBudget = 8;

struct ModelOptions {
  Security security;
  std::uint64_t budget = 0;                   // 0: the default for the model's size
  std::uint64_t tensor_budget = 0;            // of committed inputs and outputs; 0: kDefaultTensorBudget
  std::vector<std::uint64_t> tensor_budgets;  // or of each, outputs first; empty: tensor_budget
  qir::Visibility visibility;                 // zero knowledge off needs everything public
  bool check_model = false;                   // first tries the relations on random inputs (check_model.h)
};

// The model with its commitment. `seed` is secret: it makes the rows key and, with statement, witness and entropy, every
// proof's key. `rows_key` makes M's encoding randomness: it gives no power over proofs, but takes M's hiding from whoever sees them.
struct CommittedModel {
  verifier::PreparedKey prepared;
  qir::WeightStore weights;
  Digest seed{};
  Digest rows_key{};  // zeros without parameters
  pcs::CommittedOracle oracle;
};

// Four ways to a committed model. `code`: where the code word of M goes, as the next part, and sealed (commit/pcs/code_file.h); null: memory.
// Errors of all: parameters outside their declared ranges, io and kCorrupt of the code file.

// A fresh commitment. Errors: zero knowledge off with something private, the circuit cannot be built, no opening parameters
// within the caps.
Result<CommittedModel> commit_model(const qir::QGraph& graph, const qir::WeightStore& weights,
                                    const ModelOptions& options, const Digest& seed, pcs::NewCodeFile* code = nullptr);
// The same commitment again, from its opening parameters and seed: encodes.
Result<CommittedModel> recommit_model(const qir::QGraph& graph, const qir::WeightStore& weights,
                                      const pcs::OpeningParams& opening, const qir::Visibility& visibility,
                                      const Digest& seed, pcs::NewCodeFile* code = nullptr);
// The same commitment again with the part of a code file that one of the others wrote: nothing is encoded. kCorrupt when the file is
// damaged, or of other weights or opening parameters; that it belongs to a key shows in prepared.identity.
Result<CommittedModel> reopen_model(const qir::QGraph& graph, const qir::WeightStore& weights,
                                    const pcs::OpeningParams& opening, const qir::Visibility& visibility,
                                    const Digest& seed, const std::shared_ptr<pcs::CodeFile>& file);
// From the rows key alone, for whoever compares a key with a model: the result has no seed and must not prove.
Result<CommittedModel> encode_model(const qir::QGraph& graph, const qir::WeightStore& weights,
                                    const pcs::OpeningParams& opening, const qir::Visibility& visibility,
                                    const Digest& rows_key);

// Keccak-256 over pcs::content_digest of every value's weights, in the fewest bytes that hold the declared range
// (docs/protocol.md, section 8).
Digest weights_digest(const qir::QGraph& graph, const qir::WeightStore& weights);
// The key of M's random rows: over seed, structure, opening parameters and weights_digest. The same seed with another model,
// other weights or other parameters must give independent rows: two code words that share them would show the difference of
// their messages.
Digest derive_rows_key(const Digest& seed, const qir::QGraph& graph, const pcs::OpeningParams& opening,
                       const Digest& weights);

}  // namespace zkinfer::prover
