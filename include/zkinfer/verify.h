// SPDX-License-Identifier: Apache-2.0
// Verify a proof. Links nothing of the prover, the front end or the quantizer; total on arbitrary bytes.
#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "zkinfer/bytes.h"
#include "zkinfer/security.h"
#include "zkinfer/status.h"
#include "zkinfer/tensor_commitment.h"
#include "zkinfer/tensor_policy.h"
#include "zkinfer/verdict.h"
#include "zkinfer/verify_limits.h"

namespace zkinfer {

namespace api {
struct Access;  // the implementation's way to what is private here
}

struct KeyInfo {
  std::string model_name;
  Digest structure_digest{};  // Keccak-256 of the structure's bytes: what is computed, without weights (structure.h)
  Digest model_identity{};    // digest of circuit, parameters and weight commitment: the name of the model
  double security_bits = 0;
  unsigned pow_bits = 0;                 // of security_bits, those that rest on the work of finding nonces
  Profile profile = Profile::kBalanced;  // what its proofs prefer
  VerifyCost verify_cost;                // of one proof
  bool zero_knowledge = true;
  bool insecure_seed = false;  // made by a test or benchmark: hides nothing from whoever knows the seed
  TensorPolicy inputs;         // who sees the inputs
  TensorPolicy outputs;        // and the outputs
  bool carries = false;  // the last of both are committed instead: what one proof leaves to the next (generation.h)
  std::vector<TensorInfo> input_tensors;
  std::vector<TensorInfo> output_tensors;
  std::uint64_t tensor_budget = 0;  // proofs that a commitment to an input or output may serve; 0: none are committed
  bool public_parameters = false;
  std::uint64_t model_budget = 0;
  std::uint64_t num_parameters = 0;
  std::size_t num_segments = 1;  // that the model is cut into; each is proven on its own
  // The key that the model is known by; another one where this key came by a path from it (verify_path).
  Digest root_identity{};
  std::size_t depth = 0;    // rotations between the two
  double weakest_bits = 0;  // of both keys and every rotation between
};

// Keys that prove fewer bits are refused unless the caller lowers the floor: a key says itself how secure it is, and may
// come from the very party whose proofs it judges.
inline constexpr double kDefaultMinSecurityBits = 100;

// A parsed and checked verification key. Parse once, verify many proofs. Immutable, thread-safe.
class VerificationKey {
 public:
  // resource_limit for keys whose proofs, by count, may cost more to check than `limits`; nothing of it has been spent then.
  // Certificates and rotations are held to the same limits.
  static Result<VerificationKey> from_bytes(ByteView bytes, double min_security_bits = kDefaultMinSecurityBits,
                                            const VerifyLimits& limits = {});
  ~VerificationKey();
  VerificationKey(VerificationKey&&) noexcept;
  VerificationKey& operator=(VerificationKey&&) noexcept;

  const KeyInfo& info() const;

 private:
  friend struct api::Access;
  struct Impl;
  explicit VerificationKey(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A root key is a model's name for as long as its weights; proofs are made under serving keys, each for a limited
// number. A path (docs/formats/path.md) shows that a serving key holds the weights of the root: one rotation per step.
struct PathResult {
  Verdict verdict;
  // Unless rejected: the serving key, for verify(). Keep it; it serves many proofs.
  std::optional<VerificationKey> key;
  std::uint64_t root_slot = 0;  // of the root's commitment, which the first rotation used
};
PathResult verify_path(const VerificationKey& root, ByteView path);
// The key that a proof, batch, evaluation or joint proof says it was made under, checked by nobody; none if the bytes do not begin like one.
std::optional<Digest> claimed_identity(ByteView proof);
// How many rows a batch says it has, checked by nobody; none if the bytes do not begin like one.
std::optional<std::uint64_t> claimed_rows(ByteView batch);

// What an accepted proof says of one input or output.
struct VerifiedTensor : TensorInfo {
  TensorPolicy group;                  // who sees it
  std::vector<std::int64_t> integers;  // where it is public
  std::optional<Digest> digest;        // where group.hash is not kNone: of the canonical bytes (tensor_commitment.h)
  std::optional<TensorCommitment> commitment;  // where it is committed
};

// What the verifier holds of one input or output. All that is given must agree with the proof.
struct KnownTensor {
  std::size_t index = 0;      // which input (output) of the model
  std::optional<Bytes> data;  // its canonical bytes: needed where the proof holds only their hash
  std::optional<std::vector<std::int64_t>> integers;  // the same
  std::optional<Digest> digest;                       // under the hash that the key names
  std::optional<TensorCommitment> commitment;
  std::uint64_t row = 0;  // of a batch; 0 of a proof
};

// What shows that the committed weights are integers in their declared ranges. Without it a proof is one of field
// elements, whatever they are (docs/threat_model.md).
enum class WeightEvidence : std::uint8_t {
  kNone,         // nothing was said of them: verify() rejects
  kUncertified,  // nothing shows it, and the caller knows
  kCertified,    // the certificate of the key, or of the root that it came from
  kRederived,    // the weights are public, and the caller has them
  kNoWeights,    // the model has none
};
std::string_view weight_evidence_name(WeightEvidence evidence);

// Evidence that was checked, once, for every later proof under the key and the keys that come from it. Cheap to copy.
class CheckedWeights {
 public:
  CheckedWeights() = default;  // kNone
  static CheckedWeights uncertified();
  // Checks the certificate of a key's weights (Prover::certify); `out` is left alone where it is rejected.
  static Verdict from_certificate(const VerificationKey& key, ByteView certificate, CheckedWeights& out);
  // Of public weights: check_public_weights (prove.h).

  WeightEvidence evidence() const { return evidence_; }
  const Digest& identity() const { return identity_; }  // of the key that it is about
  double bits() const { return bits_; }                 // that it proves; infinite where nothing is proven

 private:
  friend struct api::Access;
  struct Impl;
  explicit CheckedWeights(const Impl& impl);

  WeightEvidence evidence_ = WeightEvidence::kNone;
  Digest identity_{};
  double bits_ = std::numeric_limits<double>::infinity();
};

struct VerifyRequest {
  CheckedWeights weights;        // asked for, unless the model has no weights: kUncertified if it is missing
  std::optional<Bytes> context;  // the proof must be bound to it (padded with zeros to 32 bytes)
  std::vector<KnownTensor> inputs;
  std::vector<KnownTensor> outputs;

  // That knows nothing, and takes any weights.
  static VerifyRequest uncertified() {
    VerifyRequest request;
    request.weights = CheckedWeights::uncertified();
    return request;
  }
};

// Of a proof or a batch. Everything but the verdict is empty unless accepted.
struct VerifySummary {
  Verdict verdict;
  Bytes context;              // the 32 bytes the prover bound
  std::uint64_t slot = 0;     // its number among those of its key
  Digest root_identity{};     // the name of the model
  Digest serving_identity{};  // the key that it was made under
  WeightEvidence weights = WeightEvidence::kNone;
  double security_bits = 0;  // the weakest of proof, path and certificate
};

struct VerifyResult : VerifySummary {
  std::vector<VerifiedTensor> outputs;
  std::vector<VerifiedTensor> inputs;
};

// Checks that `proof` shows an inference of the key's model, with the outputs and inputs that it speaks of. What the request
// knows otherwise is kWrongStatement at that tensor, data that are none of the tensor's kBadPublicValue.
VerifyResult verify(const VerificationKey& key, ByteView proof, const VerifyRequest& request);

// What an accepted batch says of one row. Of a committed tensor every row names the one commitment, to the tensor of all rows.
struct VerifiedRow {
  std::vector<VerifiedTensor> outputs;
  std::vector<VerifiedTensor> inputs;
};
struct VerifyBatchResult : VerifySummary {
  std::vector<VerifiedRow> rows;
};
// The same of a batch (docs/formats/batch.md): an inference for each of its rows, and nothing else. A function of its own, since
// whoever asks for one inference must not be given many; claimed_rows() tells the two apart.
VerifyBatchResult verify_batch(const VerificationKey& key, ByteView batch, const VerifyRequest& request);

// What an accepted joint proof says of one seat: inputs and outputs are those that were given, which nobody else learns.
struct VerifyJointResult : VerifyResult {
  std::uint64_t seat = 0, num_seats = 0;  // its number, and of all that the proof has
};
// The same of a joint proof (docs/formats/joint.md), for the owner of a seat: all inputs and outputs of his row are in the request, with their
// data or integers, since the proof holds none. context: of his request.
VerifyJointResult verify_joint(const VerificationKey& key, ByteView proof, ByteView seat, const VerifyRequest& request);
// Of several seats of one proof, whose messages are then checked once: for who made it. A result of each, or the one that is rejected alone.
struct SeatRequest {
  ByteView seat;
  VerifyRequest request;
};
std::vector<VerifyJointResult> verify_joint(const VerificationKey& key, ByteView proof,
                                            std::span<const SeatRequest> seats);

// Whether `output` of one accepted proof is `input` of another one: one commitment, or one digest, or the same public
// integers; as many elements; the same scale; and within the input's range. Rejected for kLink otherwise.
Verdict check_link(const VerifiedTensor& output, const VerifiedTensor& input);

// One proof of a chain: its output is the next step's input.
struct ChainStep {
  const VerificationKey* key = nullptr;
  ByteView proof;
  VerifyRequest request;
  std::size_t output = 0;  // which output goes to the next step
  std::size_t input = 0;   // which input comes from the step before
};
struct ChainResult {
  Verdict verdict;
  std::size_t step = 0;             // where it was rejected
  std::vector<VerifyResult> steps;  // empty unless accepted
};
ChainResult verify_chain(std::span<const ChainStep> steps);

// Checks the certificate of the key's weight commitment (Prover::certify). verify() takes it as CheckedWeights.
Verdict verify_certificate(const VerificationKey& key, ByteView certificate);

// Checks that two keys of one structure commit to the same weights (Prover::rotate). Whoever trusts `before` may trust `after`.
Verdict verify_rotation(const VerificationKey& before, const VerificationKey& after, ByteView rotation);

}  // namespace zkinfer
