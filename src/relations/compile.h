// SPDX-License-Identifier: Apache-2.0
// From the structure of an integer graph to its circuit; the same for prover and verifier.
#pragma once

#include <memory>

#include "argument/compiled.h"
#include "qir/outcome.h"
#include "relations/builder.h"
#include "relations/encryption.h"

namespace zkinfer::relations {

struct CompiledCircuit : argument::Compiled {
  std::shared_ptr<const RecipeSink> recipes;  // that listened while it was built (recipes.h); null for verifiers
};

// Verifiers build, count what the circuit costs (verifier/cost.h), and only then compile it (argument/compiled.h).
// recipes: who listens, if anybody. Errors: unsupported (builder.h); resource_limit for circuits beyond
// kMaxCircuitElements, and for those whose expressions take more than max_bytes.
// num_rows: the circuit will be repeated (build_batch), which is what its relations are chosen for.
Result<circuit::Circuit> build(const qir::QGraph& graph, const qir::Visibility& visibility,
                               std::uint64_t max_bytes = kMaxCircuitBytes, RecipeSink* recipes = nullptr,
                               std::uint64_t num_rows = 1);
// That circuit repeated over the rows of a batch (circuit/batch.h): the same model columns. resource_limit for more than kMaxAxis rows.
Result<circuit::Circuit> build_batch(const qir::QGraph& graph, const qir::Visibility& visibility,
                                     std::uint64_t num_rows, std::uint64_t max_bytes = kMaxCircuitBytes,
                                     RecipeSink* recipes = nullptr);
// Which rows of an evaluation a proof is about, and what it does with their totals (qir/outcome.h): it adds them to the committed ones of the
// chunk before, or not, and commits to the sum, or shows it.
struct ChunkShape {
  std::uint64_t num_rows = 1;
  bool takes = false, gives = false;

  std::size_t num_data() const { return (takes ? 1 : 0) + (gives ? 1 : 0); }
  friend bool operator==(const ChunkShape&, const ChunkShape&) = default;
};
// The columns of totals: [that many].
std::uint64_t totals_size(const qir::Outcome& outcome);
// That of a batch of an evaluation's rows, whose only output is not public. Cells are looked up in the numbers below the power of two above
// num_totals, and the table's multiplicities are the totals; sums are expressions. Data oracles: the totals that it gives, then those that it
// takes. What it shows is the last of the public tensors; of kAuc the last three.
Result<circuit::Circuit> build_evaluation(const qir::Outcome& outcome, const ChunkShape& shape,
                                          std::uint64_t max_bytes = kMaxCircuitBytes, RecipeSink* recipes = nullptr);
// That of a batch whose rows belong to different people: no input and output is public, and each row has a mark that shows them to whoever has them
// already (circuit::Seats).
Result<circuit::Circuit> build_joint(const qir::QGraph& graph, std::uint64_t num_seats,
                                     std::uint64_t max_bytes = kMaxCircuitBytes, RecipeSink* recipes = nullptr);
// The certificate's circuit: the model columns of build(), and that every parameter lies in its declared range.
Result<circuit::Circuit> build_certificate(const qir::QGraph& graph, RecipeSink* recipes = nullptr);
// The rotation's circuit: the model columns of build() in M and, in the same order, in data oracle 0; equal.
Result<circuit::Circuit> build_rotation(const qir::QGraph& graph, RecipeSink* recipes = nullptr);
// A chunk of the encryption of a graph's parameters (relations/encryption.h). graph: of qir::with_key_shares.
Result<circuit::Circuit> build_encryption(const qir::QGraph& graph, const EncryptionChunk& chunk,
                                          RecipeSink* recipes = nullptr);

inline constexpr std::uint64_t kMaxCircuitElements = std::uint64_t{1} << 34;
inline constexpr std::uint64_t kMaxAxis = std::uint64_t{1} << 26;

}  // namespace zkinfer::relations
