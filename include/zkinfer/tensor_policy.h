// SPDX-License-Identifier: Apache-2.0
// Who sees the inputs, or the outputs, of an inference.
#pragma once

#include <cstdint>

namespace zkinfer {

enum class Exposure : std::uint8_t { kPrivate = 0, kPublic = 1, kCommitted = 2 };
// Of a tensor's canonical bytes (canonical_bytes in tensor_commitment.h).
enum class TensorHash : std::uint8_t { kNone = 0, kKeccak256 = 1, kSha256 = 2 };

// All inputs, or all outputs.
struct TensorPolicy {
  Exposure exposure = Exposure::kPrivate;
  // With a hash the statement holds the digest of each tensor. Public tensors then travel beside the proof and the verifier
  // hashes them; of private and committed ones the circuit proves the digest (SHA-256 only).
  TensorHash hash = TensorHash::kNone;

  bool is_public() const { return exposure == Exposure::kPublic; }
  bool is_committed() const { return exposure == Exposure::kCommitted; }
  // The tensors themselves are in the proof.
  bool in_proof() const { return is_public() && hash == TensorHash::kNone; }
  // The circuit computes the digest.
  bool hashed_in_circuit() const { return !is_public() && hash != TensorHash::kNone; }
  bool valid() const { return is_public() || hash != TensorHash::kKeccak256; }
  friend bool operator==(const TensorPolicy&, const TensorPolicy&) = default;
};

}  // namespace zkinfer
