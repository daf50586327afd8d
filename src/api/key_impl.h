// SPDX-License-Identifier: Apache-2.0
// What a public VerificationKey holds; shared by the files of this folder.
#pragma once

#include "api/access.h"
#include "verifier/verify.h"
#include "zkinfer/verify.h"

namespace zkinfer {

struct VerificationKey::Impl {
  verifier::PreparedKey prepared;
  KeyInfo info;
};

struct CheckedWeights::Impl {
  WeightEvidence evidence = WeightEvidence::kNone;
  Digest identity{};
  double bits = std::numeric_limits<double>::infinity();
};

namespace api {

// With everything that the public key says of itself, as a root.
std::unique_ptr<Access::Impl<VerificationKey>> describe_key(verifier::PreparedKey prepared);

// What is asked of every proof before it is looked at: that the weights are known to be in range, and that the context, which `context`
// receives, is no longer than one may be.
Verdict check_trust(const VerificationKey& key, const VerifyRequest& request, Digest& context);
// What is said of one that is accepted. Rejected where it is bound to another context than the one expected. own_bits: of its own parameters.
Verdict summarize(const VerificationKey& key, const VerifyRequest& request, const Digest& expected,
                  const Digest& context, std::uint64_t slot, double own_bits, VerifySummary& out);

// KeyInfo::structure_digest: Keccak-256 of the structure's bytes after the model's name.
Digest structure_digest(const qir::QGraph& graph);
// Of a model that is cut: Keccak-256 of those of its segments, and of which boundaries each reads.
Digest structure_digest(const std::vector<Digest>& segments, const std::vector<std::vector<std::uint32_t>>& reads);

// How the integers of `from` would mean something else as integers of `to`: number, scale, a range that does not hold
// theirs. Empty when they mean the same.
std::string meaning_differs(const TensorInfo& from, const TensorInfo& to);

}  // namespace api
}  // namespace zkinfer
