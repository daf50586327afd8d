// SPDX-License-Identifier: Apache-2.0
#include "api/audit_key.h"

#include <algorithm>

#include "api/key_impl.h"
#include "api/model_impl.h"
#include "formats/frame.h"
#include "hash/keccak.h"
#include "prover/commit_model.h"
#include "soundness/caps.h"
#include "zkinfer/hex.h"
#include "zkinfer/prove.h"

namespace zkinfer {

namespace {

constexpr std::size_t kCheckedBytes = kFrameBytes + 2 * sizeof(Digest);

struct Opening {
  Digest identity{};
  Digest rows_key{};
};

Result<Opening> parse_opening(ByteView bytes) {
  ZKI_ASSIGN_OR_RETURN(ByteReader reader, open_frame(FileKind::kAuditKey, bytes));
  Opening opening;
  std::ranges::copy(reader.raw(sizeof(Digest)), opening.identity.begin());
  std::ranges::copy(reader.raw(sizeof(Digest)), opening.rows_key.begin());
  const ByteView checksum = reader.raw(sizeof(Digest));
  // A changed rows key would look like another model.
  if (!reader.finished() || !std::ranges::equal(checksum, keccak256(bytes.first(kCheckedBytes)))) {
    return corrupt("audit key: damaged; get it again from the model's owner");
  }
  return opening;
}

}  // namespace

Bytes api::opening_bytes(const Digest& identity, const Digest& rows_key) {
  ByteWriter writer;
  write_frame(writer, FileKind::kAuditKey);
  writer.raw(identity);
  writer.raw(rows_key);
  writer.raw(keccak256(writer.bytes()));
  return std::move(writer).take();
}

Result<AuditCheck> check_audit_key(const Model& model, ByteView verification_key, ByteView opening_bytes) {
  ZKI_ASSIGN_OR_RETURN(const Opening opening, parse_opening(opening_bytes));
  ZKI_ASSIGN_OR_RETURN(const statement::Key key, statement::parse_key(verification_key));
  const auto no_match = [](std::string reason) { return AuditCheck{false, std::move(reason)}; };
  if (const Digest identity = key.identity(); identity != opening.identity) {
    return no_match("the opening belongs to the commitment " + to_hex(opening.identity) + ", the key is that of " +
                    to_hex(identity));
  }
  const package::Package& package = api::impl(model).package;
  if (api::structure_digest(package.graph) != api::structure_digest(key.graph)) {
    return no_match(
        "the model has another structure (operators, shapes, ranges, scales or names of nodes) than the key");
  }
  // The key's own graph: the model may be called otherwise.
  ZKI_ASSIGN_OR_RETURN(const prover::CommittedModel rebuilt,
                       prover::encode_model(key.graph, package.weights, key.params, key.visibility, opening.rows_key));
  const statement::Commitment& commitment = rebuilt.prepared.key.commitment;
  if (commitment.root != key.commitment.root)
    return no_match("the model's weights are not those that the key commits to");
  if (!(commitment.ood_value == key.commitment.ood_value)) {
    return no_match(
        "the key's out-of-domain value is not that of its own root: the key was not made by an honest commitment");
  }
  return AuditCheck{true, {}};
}

Verdict check_public_weights(const Model& model, const VerificationKey& key, CheckedWeights& out) {
  const statement::Key& claimed = api::impl(key).prepared.key;
  const auto wrong = [](const std::string& what) {
    return Verdict::reject(RejectReason::kWrongStatement, "model: " + what);
  };
  if (!claimed.visibility.public_params) return wrong("the key's weights are private; ask for its certificate");
  const package::Package& package = api::impl(model).package;
  if (api::structure_digest(package.graph) != key.info().structure_digest) {
    return wrong("it has another structure (operators, shapes, ranges, scales or names of nodes) than the key");
  }
  // The key says how long the code word is: no longer than `commit` would make it, or than the caller's limit.
  const pcs::CodeParams& oracle = claimed.params.model;
  const std::uint64_t elements = oracle.domain_size() * oracle.num_lanes();
  const std::uint64_t most =
      std::max(8 * soundness::model_cap(key.info().num_parameters, 0), api::impl(key).prepared.limits.memory_bytes);
  if (8 * elements > most) {
    return Verdict::reject(RejectReason::kOverLimit,
                           "model: to make this key's commitment takes " + std::to_string(elements >> 17) +
                               " MiB, at most " + std::to_string(most >> 20) + " are allowed; raise the memory limit");
  }
  // A public commitment is a function of the weights: it has no randomness.
  const auto rebuilt =
      prover::encode_model(claimed.graph, package.weights, claimed.params, claimed.visibility, Digest{});
  if (!rebuilt.ok()) return wrong(rebuilt.status().message());
  if (rebuilt->prepared.key.commitment != claimed.commitment) return wrong("its weights are not those of the key");
  api::Access::Impl<CheckedWeights> impl;
  impl.evidence = WeightEvidence::kRederived;
  impl.identity = key.info().model_identity;
  out = api::Access::make<CheckedWeights>(impl);
  return Verdict::accept();
}

}  // namespace zkinfer
