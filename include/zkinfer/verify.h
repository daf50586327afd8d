// SPDX-License-Identifier: Apache-2.0
// Verify a proof. Links nothing of the prover, the front end or the quantizer; total on arbitrary bytes.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/data_group.h"
#include "base/status.h"
#include "proof/verdict.h"

namespace zkinfer {

struct PublicTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> values;
  double scale = 1;  // real = integer * scale
};

struct KeyInfo {
  std::string model_name;
  Digest model_identity{};  // digest of circuit, parameters and weight commitment: the name of the model
  double security_bits = 0;
  bool zero_knowledge = true;
  bool insecure_seed = false;  // made by a test or benchmark: hides nothing from whoever knows the seed
  DataGroup inputs;   // who sees the inputs
  DataGroup outputs;  // and the outputs
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
  static Result<VerificationKey> from_bytes(ByteView bytes, double min_security_bits = kDefaultMinSecurityBits);
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

struct VerifyResult {
  Verdict verdict;
  std::vector<PublicTensor> outputs;  // what was proven; empty unless accepted
  std::vector<PublicTensor> inputs;   // public inputs that were proven to give them; empty unless public and accepted
  Bytes context;                      // the 32 bytes the prover bound; empty unless accepted
};

// Checks that `proof` shows an inference of the key's model with the outputs it carries.
VerifyResult verify(const VerificationKey& key, ByteView proof);
// The same, and the proof's context must equal `context` (padded with zeros to 32 bytes).
VerifyResult verify(const VerificationKey& key, ByteView proof, ByteView context);

// Checks the certificate of the key's weight commitment (Prover::certify): once per key is enough.
Verdict verify_certificate(const VerificationKey& key, ByteView certificate);

// Checks that two keys of one structure commit to the same weights (Prover::rotate). Whoever trusts `before` may trust `after`.
Verdict verify_rotation(const VerificationKey& before, const VerificationKey& after, ByteView rotation);

// Byte counts of a proof by protocol part, in order (also for rejected proofs, up to the failure).
std::vector<std::pair<std::string, std::size_t>> proof_size_table(const VerificationKey& key, ByteView proof);

}  // namespace zkinfer
