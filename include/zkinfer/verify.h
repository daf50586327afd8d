// SPDX-License-Identifier: Apache-2.0
// Verify a proof. Links nothing of the prover, the front end or the quantizer; total on arbitrary bytes.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "base/tensor_policy.h"
#include "verdict/verdict.h"
#include "zkinfer/data.h"
#include "zkinfer/verify_limits.h"

namespace zkinfer {

struct KeyInfo {
  std::string model_name;
  Digest model_identity{};  // digest of circuit, parameters and weight commitment: the name of the model
  double security_bits = 0;
  unsigned pow_bits = 0;   // of security_bits, those that rest on the work of finding nonces
  VerifyCost verify_cost;  // of one proof
  bool zero_knowledge = true;
  bool insecure_seed = false;  // made by a test or benchmark: hides nothing from whoever knows the seed
  TensorPolicy inputs;         // who sees the inputs
  TensorPolicy outputs;        // and the outputs
  std::vector<TensorInfo> input_tensors;
  std::vector<TensorInfo> output_tensors;
  std::uint64_t tensor_budget = 0;  // proofs that a commitment to an input or output may serve; 0: none are committed
  bool public_parameters = false;
  std::uint64_t model_budget = 0;
  std::uint64_t num_parameters = 0;
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
  // Every soundness error term with its bits, for people or as JSON.
  std::string soundness_text() const;
  std::string soundness_json() const;

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  explicit VerificationKey(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// What an accepted proof says of one input or output.
struct VerifiedTensor : TensorInfo {
  TensorPolicy group;                          // who sees it
  std::vector<std::int64_t> integers;          // where it is public
  std::optional<Digest> digest;                // where group.hash is not kNone: of the canonical bytes (data.h)
  std::optional<TensorCommitment> commitment;  // where it is committed
};

// What the verifier holds of one input or output. All that is given must agree with the proof.
struct KnownTensor {
  std::size_t index = 0;      // which input (output) of the model
  std::optional<Bytes> data;  // its canonical bytes: needed where the proof holds only their hash
  std::optional<std::vector<std::int64_t>> integers;  // the same
  std::optional<Digest> digest;                       // under the hash that the key names
  std::optional<TensorCommitment> commitment;
};

struct VerifyRequest {
  std::optional<Bytes> context;  // the proof must be bound to it (padded with zeros to 32 bytes)
  std::vector<KnownTensor> inputs;
  std::vector<KnownTensor> outputs;
};

struct VerifyResult {
  Verdict verdict;
  // Empty unless accepted:
  std::vector<VerifiedTensor> outputs;
  std::vector<VerifiedTensor> inputs;
  Bytes context;  // the 32 bytes the prover bound
};

// Checks that `proof` shows an inference of the key's model, with the outputs and inputs that it speaks of. What the request
// knows otherwise is kWrongStatement at that tensor, data that are none of the tensor's kBadPublicValue.
VerifyResult verify(const VerificationKey& key, ByteView proof, const VerifyRequest& request);
VerifyResult verify(const VerificationKey& key, ByteView proof);
VerifyResult verify(const VerificationKey& key, ByteView proof, ByteView context);

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

// Checks the certificate of the key's weight commitment (Prover::certify): once per key is enough.
Verdict verify_certificate(const VerificationKey& key, ByteView certificate);

// Checks that two keys of one structure commit to the same weights (Prover::rotate). Whoever trusts `before` may trust `after`.
Verdict verify_rotation(const VerificationKey& before, const VerificationKey& after, ByteView rotation);

// Byte counts of a proof by protocol part, in order (also for rejected proofs, up to the failure).
std::vector<std::pair<std::string, std::size_t>> proof_size_table(const VerificationKey& key, ByteView proof);

}  // namespace zkinfer
