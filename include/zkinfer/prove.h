// SPDX-License-Identifier: Apache-2.0
// Commit to a model once, then prove inferences of it.
#pragma once

#include <memory>
#include <optional>

#include "base/data_group.h"
#include "zkinfer/model.h"

namespace zkinfer {

struct CommitOptions {
  int security_bits = 128;
  bool unique_decoding = false;  // proven without the Johnson-regime theorem; larger proofs
  // Who sees what. What is not public is hidden.
  DataGroup inputs;                              // private
  DataGroup outputs{Exposure::kPublic, DataHash::kNone};
  bool public_parameters = false;  // the commitment hides nothing: whoever has the model derives the same key
  bool zero_knowledge = true;    // false: proofs may show anything; allowed only where inputs, outputs and parameters are public
  int pow_bits = 16;             // grinding before each query phase
  std::uint64_t data_budget = 0; // proofs that a commitment to an input or output may serve; 0: a default
  std::uint64_t budget = 0;      // proofs this commitment may serve; 0: default by model size
  // Tests and benchmarks only: makes commitments and proofs reproducible, and not hiding towards whoever knows it. The
  // verification key says so.
  std::optional<Digest> insecure_seed;
  Progress progress;
};

struct ProveStats {
  double execute_seconds = 0;  // integer inference
  double witness_seconds = 0;  // columns
  double commit_seconds = 0;   // witness oracle
  double lookup_seconds = 0;
  double relations_seconds = 0;
  double opening_seconds = 0;
  double total_seconds = 0;
};

struct ProofResult {
  Bytes proof;  // docs/formats/proof.md; carries the public outputs
  std::vector<std::vector<std::int64_t>> outputs;
  ProveStats stats;
};

// A model with its commitment: holds the secret weights, the commitment's randomness and the code word. Not thread-safe.
class Prover {
 public:
  // Commits to the weights (the costly one-time step) and derives the verification key.
  static Result<Prover> create(const Model& model, const CommitOptions& options = {});
  // The same commitment again from its saved secret (commitment_secret()); rebuilds the code word.
  static Result<Prover> restore(const Model& model, ByteView commitment_secret, Progress progress = {});
  ~Prover();
  Prover(Prover&&) noexcept;
  Prover& operator=(Prover&&) noexcept;

  // What verifiers need (docs/formats/key.md): integer graph without weights, parameters, weight commitment.
  const Bytes& verification_key() const;
  // Secret: the commitment's seed and parameters. Keep it with the model.
  Bytes commitment_secret() const;
  std::string circuit_report() const;  // columns, relations, lookups: sizes
  // context: up to 32 bytes bound into the proof against replay (a nonce of the verifier, an order number, ..).
  Result<ProofResult> prove(const RealInputs& inputs, ByteView context = {}, const Progress& progress = {});
  // Proves once that every committed parameter lies in its declared range, so that proofs speak of an integer model and
  // not of field elements. Uses one of the budgeted proofs. Verify with verify_certificate (verify.h).
  Result<Bytes> certify(const Progress& progress = {});
  // Proves that `fresh`, another commitment to the same model, holds the same weights as this one, so that the model keeps its
  // name when this budget is used up. Uses one of the budgeted proofs of both. Verify with verify_rotation (verify.h).
  Result<Bytes> rotate(Prover& fresh, const Progress& progress = {});
  // How many proofs this object made; refuses past the budget.
  std::uint64_t proofs_made() const;

  struct Impl;

 private:
  explicit Prover(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace zkinfer
