// SPDX-License-Identifier: Apache-2.0
// Commit to a model once, then prove inferences of it.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "zkinfer/commit_tensor.h"
#include "zkinfer/evaluation.h"
#include "zkinfer/model.h"
#include "zkinfer/proof_parts.h"
#include "zkinfer/sealed.h"
#include "zkinfer/security.h"
#include "zkinfer/slots.h"
#include "zkinfer/tensor_policy.h"
#include "zkinfer/verify.h"

namespace zkinfer {

namespace api {
struct Access;  // the implementation's way to what is private here
}

// What the slots of a commitment are for. A root's key is a model's name; the commitments below it come and go
// (commitment_tree.h).
enum class CommitmentRole : std::uint8_t {
  kSingle,   // proofs under its own key, which is the model's name; the last slot is kept for a rotation
  kRoot,     // its certificate, and rotations to commitments below it
  kInner,    // rotations only; the one that made it was its first use
  kServing,  // proofs; the rotation that made it was its first use
};

// The pow_bits that suit a profile: grinding takes time and saves bytes.
std::uint32_t usual_pow_bits(Profile profile);

struct CommitOptions {
  Security security;
  // Who sees what. What is not public is hidden.
  TensorPolicy inputs;  // private
  TensorPolicy outputs{Exposure::kPublic, TensorHash::kNone};
  bool public_parameters = false;   // the commitment hides nothing: whoever has the model derives the same key
  std::uint64_t tensor_budget = 0;  // proofs that a commitment to an input or output may serve; 0: a default
  // Slots: proofs and certificates that this commitment may serve. The last is kept for rotation, so at least 2; 0: default
  // by model size. Without meaning for public parameters.
  std::uint64_t budget = 0;
  CommitmentRole role = CommitmentRole::kSingle;  // kSingle with public parameters, which need no other
  // Where the code word of the commitment goes (docs/formats/code.md; secret), so that no later process has to encode the
  // weights again. Empty: memory, until the object ends.
  std::string code_file;
  // false: no code word of this commitment, nor of those that come under it, is ever kept on the disk; its secret says so.
  bool code_files = true;
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

// The input comes in one of three forms; where the key's inputs are committed, in the last.
struct ProveRequest {
  std::vector<TensorView> inputs;  // real numbers, one tensor per input
  bool refuse_clipping = false;    // out_of_range, before a slot is taken, where values of `inputs` would be clipped
  std::vector<std::vector<std::int64_t>> integers;       // exactly what the model takes, one list per input
  std::vector<const CommittedTensor*> committed_inputs;  // one per input; the proof takes a slot of each
  Bytes context;  // up to 32 bytes bound into the proof against replay: a nonce of the verifier, an order number, ..
  Progress progress;
};

struct ProofResult {
  Bytes proof;  // docs/formats/proof.md; carries the public outputs
  // The inference as integers, hidden tensors too.
  std::vector<std::vector<std::int64_t>> inputs;
  std::vector<std::vector<std::int64_t>> outputs;
  std::vector<Clipping> clipping;  // by input, where they came as real numbers
  // Where outputs are committed: what opens them in later proofs. This proof has used one slot of each.
  std::vector<CommittedTensor> committed_outputs;
  // What a verifier must find: context, data beside the proof, commitments. verify() with it accepts; of the weights it
  // says "uncertified", since what shows their ranges is for the verifier to have.
  VerifyRequest statement;
  ProveStats stats;
};

// The rows of a batch, each in one of the forms of ProveRequest: [row][input]. Of keys without committed inputs and outputs.
struct BatchRequest {
  std::vector<std::vector<TensorView>> inputs;
  bool refuse_clipping = false;
  std::vector<std::vector<std::vector<std::int64_t>>> integers;
  Bytes context;  // of ProveRequest
  Progress progress;
};

struct BatchRow {
  // As integers, hidden tensors too.
  std::vector<std::vector<std::int64_t>> inputs;
  std::vector<std::vector<std::int64_t>> outputs;
  std::vector<Clipping> clipping;  // by input, where they came as real numbers
};

struct BatchResult {
  Bytes proof;  // docs/formats/batch.md; carries the public outputs of all rows
  std::vector<BatchRow> rows;
  VerifyRequest statement;  // as in ProofResult
  ProveStats stats;
};

// Requests of different people, for one proof; the forms are a batch's.
struct JointRequest {
  std::vector<std::vector<TensorView>> inputs;
  bool refuse_clipping = false;
  std::vector<std::vector<std::vector<std::int64_t>>> integers;
  std::vector<Bytes> contexts;  // of each request its own, as ProveRequest's
  // A power of two, at least the requests; 0: the least. Whoever has a seat learns it, so that fixed numbers say little of the others.
  std::uint64_t num_seats = 0;
  Progress progress;
};

struct JointRow : BatchRow {
  Bytes seat;               // for the request's owner alone: docs/formats/joint.md
  VerifyRequest statement;  // what he must find, as in ProofResult
};

struct JointResult {
  Bytes proof;  // docs/formats/joint.md; says nothing of inputs and outputs
  std::vector<JointRow> rows;
  ProveStats stats;
};

// How a model does on a data set (evaluation.h).
class DataSet;
struct EvaluationRequest {
  const DataSet* data = nullptr;  // data_set.h
  Metric metric;
  std::uint64_t chunk_rows = 0;  // that one proof has; 0: as many as suit time and memory
  // What single chunks count is hidden; of an AUC it always is. A commitment more for each chunk.
  bool totals_only = false;
  // So many rows, which the nonce chooses: of whoever will check it, drawn when he had the model's root key and the data set. 0: all rows.
  std::uint64_t sampled = 0;
  Digest nonce{};
  std::optional<Digest> root_identity;  // of the model, where this prover's key is not its root
  Bytes context;                        // of ProveRequest
  VerifyLimits limits;                  // resource_limit, before a slot is taken, where checking it costs more
  Progress progress;
};
struct EvaluationProof {
  Bytes evaluation;  // docs/formats/evaluation.md
  EvaluationRows rows;
  std::vector<Clipping> clipping;  // by input
  VerifyRequest statement;         // as in ProofResult
};

// The weights, encrypted, with a proof of it (sealed.h).
struct SealRequest {
  Bytes sale;                      // up to 32 bytes: which sale it is for, bound into ciphertext and proof
  std::uint64_t chunk_blocks = 0;  // of 8 numbers, that one proof has; 0: as many as suit time and memory
  VerifyLimits limits;             // resource_limit, before a slot is taken, where checking it costs more
  Progress progress;
};
struct SealedModel {
  Bytes sealed;             // docs/formats/sealed.md: for everybody
  Bytes proof;              // docs/formats/encryption.md: for everybody
  KeyShares shares;         // secret, and nowhere else: both
  VerifyRequest statement;  // as in ProofResult
};

// What a budget costs, by the parameters that are chosen for it.
struct BudgetPrice {
  std::uint64_t budget = 0;
  std::uint64_t opening_bytes = 0;       // of each proof, expected; most of the proof
  std::uint64_t committed_elements = 0;  // field elements of 8 bytes that each proof encodes and hashes
  std::uint64_t code_word_bytes = 0;     // of the weights, made once; 0 without weights
};

// A model with its commitment: holds the secret weights, the commitment's randomness and the code word. It is made once and
// then only read; what changes is the count of its slots, which is taken one at a time. So any number of threads may call its
// const functions at once, prove() above all, and share weights and code word: each proof needs only its own working memory, and
// gets a slot of its own. save() may come in between; moving, assigning and destroying may not.
class Prover {
 public:
  // Commits to the weights (the costly one-time step) and derives the verification key.
  static Result<Prover> create(const Model& model, const CommitOptions& options = {});
  // The same commitment again, from the file that save() wrote. The code word is read from code_file_of(secret_path); where
  // that is not there it is made again and, if code_file_pays, written there. `code_file` = false: always made again, in memory.
  static Result<Prover> open(const Model& model, const std::string& secret_path, Progress progress = {},
                             bool code_file = true);
  // The same from commitment_secret(), for programs that keep secret and count elsewhere: `slots` must be the one count of
  // this commitment, from all_slots() on. Only a commitment to public parameters may do without. code_file: read if it is there,
  // else written; empty: the code word is made again, in memory.
  static Result<Prover> restore(const Model& model, ByteView commitment_secret, std::shared_ptr<SlotStore> slots,
                                Progress progress = {}, const std::string& code_file = {});
  ~Prover();
  Prover(Prover&&) noexcept;
  Prover& operator=(Prover&&) noexcept;

  // What verifiers need (docs/formats/key.md): integer graph without weights, parameters, weight commitment.
  const Bytes& verification_key() const;
  // Writes the secret and the count to a file (docs/formats/secret.md), where later slots are taken from; a new Prover counts
  // in memory only. kInvalidArgument if the slots are counted elsewhere already.
  Status save(const std::string& secret_path);
  // The same for programs that keep secret and count elsewhere: make_store is given the secret and what is used of the
  // slots, and returns the one count of this commitment once both are safe.
  using MakeSlotStore = std::function<Result<std::shared_ptr<SlotStore>>(ByteView secret, const SlotRange& slots)>;
  Status save(const MakeSlotStore& make_store);
  // Secret: the commitment's seed and parameters. Keep it with the model.
  Bytes commitment_secret() const;
  // The slots of this commitment, none of them used.
  SlotRange all_slots() const;
  // Shows an auditor who has the model that the key commits to it (check_audit_key). Secret towards everybody who
  // must not see the weights; gives no power over proofs. docs/formats/audit_key.md.
  Bytes audit_key() const;
  // Options with which create() would make another commitment like this one (rotation): who sees what, security, budgets.
  CommitOptions options() const;
  std::string circuit_report() const;  // columns, relations, lookups: sizes
  // What this commitment's budget costs, and what the default one would cost with the same options.
  BudgetPrice price() const;
  Result<BudgetPrice> default_price() const;
  // Takes a slot of this commitment and of each committed input before anything is computed; refuses when none is left.
  Result<ProofResult> prove(const ProveRequest& request) const;
  Result<ProofResult> prove(std::span<const TensorView> inputs, ByteView context = {},
                            const Progress& progress = {}) const;
  Result<ProofResult> prove(const RealInputs& inputs, ByteView context = {}, const Progress& progress = {}) const {
    return prove(views(inputs), context, progress);
  }
  // Of a model that is cut: its proof in parts, by processes of their own (proof_parts.h). plan_proof takes the slot; unsupported for keys with
  // committed inputs or outputs. clipping: as ProofResult's. prove_part takes none; segment: from 0.
  Result<Bytes> plan_proof(const ProveRequest& request, std::vector<Clipping>& clipping) const;
  Result<PartResult> prove_part(ByteView plan, std::size_t segment, const Progress& progress = {}) const;
  // One proof of all rows, under the same key whatever their number; takes one slot. Time and memory grow with the rows, but the
  // weights are opened once. For verify_batch(). resource_limit, before a slot is taken, for more rows than verifiers check under
  // the usual limits (verify_limits.h), unless they do not check single proofs under them either.
  // Circuit and parameters are kept for the next batch of as many rows.
  Result<BatchResult> prove_batch(const BatchRequest& request) const;
  // One proof of several people's requests, whatever the key says of inputs and outputs: each checks his own row with verify_joint() and learns
  // nothing of the others'. Takes one slot; seats, pads and salts are fresh, also where the same requests come again. What is wrong with a
  // request is found before a slot is taken, as for a batch. unsupported without zero knowledge.
  Result<JointResult> prove_joint(const JointRequest& request) const;
  // How many seats suit time and memory, at most 128; 1: this key has no joint proofs.
  Result<std::uint64_t> usual_seats() const;
  // The rows of a data set in chunks, each with a slot of its own, under the same key whatever the metric. For verify_evaluation(). All that
  // is wrong with the request is found before the first slot is taken; whoever has fewer slots than evaluation_chunks() loses those that are left.
  Result<EvaluationProof> evaluate(const EvaluationRequest& request) const;
  // How many slots it takes.
  Result<std::uint64_t> evaluation_chunks(const EvaluationRequest& request) const;
  // Encrypts the weights under a fresh key and proves it, in chunks with a slot of its own each. For verify_sealed() and unseal (seal.h).
  // unsupported: a model that is cut; invalid_argument: one without parameters, or with public ones.
  Result<SealedModel> seal(const SealRequest& request) const;
  // How many slots it takes.
  Result<std::uint64_t> seal_chunks(const SealRequest& request) const;
  // Proves once that every committed parameter lies in its declared range, so that proofs speak of an integer model and
  // not of field elements. Takes a slot. Verify with verify_certificate (verify.h).
  Result<Bytes> certify(const Progress& progress = {}) const;
  // Proves that `fresh`, another commitment to the same model, holds the same weights as this one, so that the model keeps its
  // name when this budget is used up. Takes a slot of both: the last of this one if need be. Verify with verify_rotation (verify.h).
  // slots_taken is called with this one's slot when both are taken, before anything of the rotation is computed: where `fresh`
  // is saved. An error there ends it.
  using SlotsTaken = std::function<Status(std::uint64_t slot)>;
  Result<Bytes> rotate(const Prover& fresh, const Progress& progress = {}, const SlotsTaken& slots_taken = {}) const;
  // Slots that this object took.
  std::uint64_t proofs_made() const;

 private:
  friend struct api::Access;
  struct Impl;
  explicit Prover(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The code file that belongs beside a secret file: its name with .zkcode.
std::string code_file_of(const std::string& secret_path);
// Whether reading a code word is worth its place on the disk, which is a quarter more than the code word: where it may have 32 MiB,
// encoding it again takes longer than a small model's proof. What such a model commits to is mostly the randomness for its budget (0: public
// parameters, none), so with the usual budgets it pays for all.
bool code_file_pays(std::uint64_t num_parameters, std::uint64_t budget);
bool code_file_pays(const Model& model, const CommitOptions& options);

// What a commitment's secret says of it, without the model.
struct CommitmentInfo {
  Digest model_identity{};
  std::uint64_t budget = 0;  // 0: public parameters
  CommitmentRole role = CommitmentRole::kSingle;
};
Result<CommitmentInfo> read_commitment_secret(ByteView commitment_secret);

// What makes a public model's weights those of the key: encodes them and compares. Needs no certificate, since the model has
// integers in their ranges. Rejected where the key is another model's, or no public one's; `out` is left alone then.
Verdict check_public_weights(const Model& model, const VerificationKey& key, CheckedWeights& out);

// What an audit key says of itself.
struct AuditKeyOutline {
  Digest identity{};             // of the key that it is for
  std::size_t num_segments = 1;  // 1: not cut
};
// corrupt: it is damaged.
Result<AuditKeyOutline> outline_of_audit_key(ByteView audit_key);

struct AuditCheck {
  bool matches = false;
  std::string reason;  // why not
};
// Whether the key commits to exactly this model: encodes its weights with the audit key's randomness and compares root and
// out-of-domain value. Errors: one of the keys does not parse.
Result<AuditCheck> check_audit_key(const Model& model, ByteView verification_key, ByteView audit_key);

}  // namespace zkinfer
