// SPDX-License-Identifier: Apache-2.0
// A commitment opened from its secret file, for commands that make proofs: each takes its slot in that file, or, under a root, in the
// files of the commitments that serve.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "command.h"
#include "progress.h"
#include "zkinfer/commitment_tree.h"
#include "zkinfer/prove.h"
#include "zkinfer/verify.h"

namespace zkinfer::cli {

// Notices to standard error, unless the session is quiet.
CommitmentTree::Told told(const Session& session, ProgressLine& progress, double end = 1);
// Of the line of a command that proves: until then the commitment is read or made.
inline constexpr double kServingShare = 0.3;

// A secret below a root is used by `prove` and `rotate` alone, through the root's.
Status refuse_below_root(CommitmentRole role, const std::string& secret_path);

// Of what a commitment has too few of: what helps with a verifier's limits does not.
inline bool is_of_slots(const Status& status) { return status.message().find("slot") != std::string::npos; }

class Committed {
 public:
  // The commitment whose secret this is: for its certificate.
  static Result<Committed> open(const Model& model, const std::string& secret_path, const Progress& progress);
  // What proofs are made under: of a root, a serving commitment, which is made if there is none. `model` must outlive the object.
  static Result<Committed> serve(const Model& model, const std::string& secret_path, const CommitmentTree::Told& told);

  // The one that a plan was made under (`prove --write-plan`).
  static Result<Committed> planned(const Model& model, const std::string& secret_path, const Digest& identity,
                                   const CommitmentTree::Told& told);

  Prover& prover() { return prover_; }
  // Of the commitment that the last proof was made under.
  const VerificationKey& key() const { return key_; }
  // What leads from the root's key to key(); empty where that is the key that verifiers have.
  const Bytes& path() const { return path_; }
  // The file that the tree keeps it in.
  std::string path_file() const { return tree_.has_value() ? tree_->folder() + "/" + node_name_ + ".zkpath" : ""; }
  // The root's key, or the same as key().
  Digest root_identity() const { return key_.info().root_identity; }

  // A proof; goes on to the next serving commitment when one is used up.
  Result<ProofResult> prove(const ProveRequest& request);
  Result<BatchResult> prove_batch(const BatchRequest& request);
  // Under a commitment with slots for all chunks of the evaluation: this one, or a fresh one below the root. How many these are.
  Result<std::uint64_t> prepare_evaluation(const EvaluationRequest& request);
  // The same for sealing.
  Result<std::uint64_t> prepare_sealing(const SealRequest& request);
  // Prover::evaluate and seal, which take so many slots together; others may have taken them since they were prepared: then under the next one.
  Result<EvaluationProof> evaluate(const EvaluationRequest& request, std::uint64_t num_chunks);
  Result<SealedModel> seal(const SealRequest& request, std::uint64_t num_chunks);
  // Prover::plan_proof.
  Result<Bytes> plan(const ProveRequest& request, std::vector<Clipping>& clipping);
  // After the last proof: makes the next serving commitment ahead of need. What goes wrong is said, the proofs are good.
  void rotate_ahead();

  // Room that a proof, or a batch of so many rows, takes at most, about.
  std::uint64_t proof_room(std::size_t num_rows = 1) const;
  // Of what goes wrong when a proof is there: its slot, if proofs take any, is spent.
  Status after_proof(const Status& status) const;

  // Slots for proofs now; others may take some meanwhile. Nothing: as many as are asked for (public weights, or a root).
  Result<std::optional<std::uint64_t>> proofs_left() const;

 private:
  // So many slots of one commitment. what: that takes them; remedy: where there are too few.
  Status prepare_slots(std::uint64_t count, const std::string& what, const std::string& remedy);
  // prove(), and again under the next serving commitment where this one has no slot left.
  static Result<Committed> under_root(const Model& model, const std::string& secret_path, CommitmentTree tree,
                                      Result<CommitmentTree::Serving> serving, const CommitmentTree::Told& told);
  void move_to(CommitmentTree::Serving serving);
  template <class Prove>
  auto under_next(const Prove& prove) -> decltype(prove());
  template <class Prove>
  auto with_slots(std::uint64_t count, const std::string& what, const std::string& remedy, const Prove& prove)
      -> decltype(prove());
  Committed(Prover prover, VerificationKey key, std::string secret_path)
      : prover_(std::move(prover)), key_(std::move(key)), secret_path_(std::move(secret_path)) {}

  Prover prover_;
  VerificationKey key_;
  Bytes path_;
  const Model* model_ = nullptr;
  std::optional<CommitmentTree> tree_;
  std::string node_name_;
  CommitmentTree::Told told_;
  std::string secret_path_;
};

// Whether the path can be written beside a proof, or is there already: before a slot is taken.
Status check_path_beside(const std::string& proof_path, const Committed& committed);
// Writes the path beside a proof under its usual name (trust.h), unless it is there. Gives the file's name. A proof that is no file
// has no beside: then nothing is written, and the name is that of the tree's own file.
Result<std::string> write_path_beside(const std::string& proof_path, const Committed& committed);
// Says that it is to be given along; nothing where there is none.
// For programs: the keys that a proof was made under, and the path beside it, where there is one; what the process took.
void add_serving(nlohmann::ordered_json& json, const VerifySummary& check, const std::string& path_file,
                 std::size_t path_bytes);
void add_totals(nlohmann::ordered_json& json, double restore_seconds);
void print_path_beside(const std::string& path_file, std::size_t num_bytes);

}  // namespace zkinfer::cli
