// SPDX-License-Identifier: Apache-2.0
#include "api/audit_key.h"

#include <algorithm>

#include "api/key_impl.h"
#include "api/model_impl.h"
#include "api/secret.h"
#include "formats/frame.h"
#include "hash/keccak.h"
#include "prover/commit_model.h"
#include "soundness/caps.h"
#include "zkinfer/hex.h"
#include "zkinfer/prove.h"

namespace zkinfer {

namespace {

constexpr std::size_t kLeastBytes = kFrameBytes + 3 * sizeof(Digest);

struct AuditKey {
  Digest identity{};
  std::vector<Digest> rows_keys;
};

Result<AuditKey> parse_audit_key(ByteView bytes) {
  ZKI_ASSIGN_OR_RETURN(ByteReader reader, open_frame(FileKind::kAuditKey, bytes));
  const auto next = [&](Digest& digest) { std::ranges::copy(reader.raw(sizeof(Digest)), digest.begin()); };
  AuditKey audit_key;
  Digest checksum{};
  if (bytes.size() >= kLeastBytes) {
    next(audit_key.identity);
    while (reader.remaining() > sizeof(Digest)) next(audit_key.rows_keys.emplace_back());
    next(checksum);
  }
  // A changed rows key would look like another model.
  if (bytes.size() < kLeastBytes || !reader.finished() ||
      checksum != keccak256(bytes.first(bytes.size() - sizeof(Digest)))) {
    return corrupt("audit key: cut off or damaged; get it again from the model's owner");
  }
  return audit_key;
}

// The commitments that the key's parameters give for the model, one, or of each segment. rows_keys: as many.
Result<std::vector<statement::Commitment>> rebuild(const package::Package& package, const statement::Key& key,
                                                   const std::vector<Digest>& rows_keys) {
  ZKI_ASSIGN_OR_RETURN(const auto cut, api::cut_of(package));
  const std::size_t num_parts = cut == nullptr ? 0 : cut->parts.size();
  if (num_parts != key.segments.size() || rows_keys.size() != std::max<std::size_t>(num_parts, 1))
    return invalid_argument("it is cut into segments in another way than the key");
  std::vector<statement::Commitment> out;
  for (std::size_t i = 0; i < rows_keys.size(); ++i) {
    // The key's own graph: the model may be called otherwise.
    const statement::Key& own = cut == nullptr ? key : key.segments[i];
    const qir::WeightStore& weights = cut == nullptr ? package.weights : cut->parts[i].weights;
    ZKI_ASSIGN_OR_RETURN(const prover::CommittedModel rebuilt,
                         prover::encode_model(own.graph, weights, own.params, own.visibility, rows_keys[i]));
    out.push_back(rebuilt.prepared.key.commitment);
  }
  return out;
}

std::vector<statement::Commitment> commitments_of(const statement::Key& key) {
  if (!key.is_segmented()) return {key.commitment};
  std::vector<statement::Commitment> out;
  for (const statement::Key& segment : key.segments) out.push_back(segment.commitment);
  return out;
}

}  // namespace

Bytes api::audit_key_bytes(const Digest& identity, const std::vector<Digest>& rows_keys) {
  ByteWriter writer;
  write_frame(writer, FileKind::kAuditKey);
  writer.raw(identity);
  for (const Digest& rows_key : rows_keys) writer.raw(rows_key);
  writer.raw(keccak256(writer.bytes()));
  return std::move(writer).take();
}

Result<AuditKeyOutline> outline_of_audit_key(ByteView audit_key) {
  ZKI_ASSIGN_OR_RETURN(const AuditKey audit, parse_audit_key(audit_key));
  return AuditKeyOutline{audit.identity, audit.rows_keys.size()};
}

Result<AuditCheck> check_audit_key(const Model& model, ByteView verification_key, ByteView audit_key) {
  ZKI_ASSIGN_OR_RETURN(const AuditKey audit, parse_audit_key(audit_key));
  ZKI_ASSIGN_OR_RETURN(const statement::Key key, statement::parse_key(verification_key));
  const auto no_match = [](std::string reason) { return AuditCheck{false, std::move(reason)}; };
  if (const Digest identity = key.identity(); identity != audit.identity) {
    return no_match("the audit key belongs to the commitment " + to_hex(audit.identity) + ", the key is that of " +
                    to_hex(identity));
  }
  const auto claimed = VerificationKey::from_bytes(verification_key, 0, kNoVerifyLimits);
  if (!claimed.ok()) return claimed.status();
  if (model.structure_digest() != claimed->info().structure_digest) {
    return no_match(
        "the model has another structure (operators, shapes, ranges, scales or names of nodes) than the key");
  }
  const auto rebuilt = rebuild(api::impl(model).package, key, audit.rows_keys);
  if (!rebuilt.ok()) return rebuilt.status();
  const std::vector<statement::Commitment> expected = commitments_of(key);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if ((*rebuilt)[i].root != expected[i].root)
      return no_match("the model's weights are not those that the key commits to");
    if (!((*rebuilt)[i].ood_value == expected[i].ood_value)) {
      return no_match(
          "the key's out-of-domain value is not that of its own root: the key was not made by an honest commitment");
    }
  }
  return AuditCheck{true, {}};
}

Verdict check_public_weights(const Model& model, const VerificationKey& key, CheckedWeights& out) {
  const statement::Key& claimed = api::impl(key).prepared.key;
  const auto wrong = [](const std::string& what) {
    return Verdict::reject(RejectReason::kWrongStatement, "model: " + what);
  };
  if (!claimed.visibility.public_params) return wrong("the key's weights are private; ask for its certificate");
  if (model.structure_digest() != key.info().structure_digest) {
    return wrong("it has another structure (operators, shapes, ranges, scales or names of nodes) than the key");
  }
  // The key says how long the code words are: all together no longer than `commit` would make them, or than the caller's limit.
  std::uint64_t elements = 0, usual = 0;
  const auto add = [&](const verifier::PreparedKey& one) {
    const pcs::OpeningParams& params = one.key.params;
    if (!params.has_model) return;
    elements += params.model.domain_size() * params.model.num_lanes();
    usual += soundness::model_cap(one.compiled.num_elements(circuit::Oracle::kModel), 0);
  };
  const verifier::PreparedKey& prepared = api::impl(key).prepared;
  if (!claimed.is_segmented()) add(prepared);
  for (const verifier::PreparedKey& segment : prepared.segments) add(segment);
  const std::uint64_t most = std::max(8 * usual, prepared.limits.memory_bytes);
  if (8 * elements > most) {
    return Verdict::reject(RejectReason::kOverLimit,
                           "model: to make this key's commitment takes " + std::to_string(elements >> 17) +
                               " MiB, at most " + std::to_string(most >> 20) + " are allowed; raise the memory limit");
  }
  // A public commitment is a function of the weights: it has no randomness.
  const std::vector<Digest> no_rows(std::max<std::size_t>(claimed.segments.size(), 1));
  const auto rebuilt = rebuild(api::impl(model).package, claimed, no_rows);
  if (!rebuilt.ok()) return wrong(rebuilt.status().message());
  if (*rebuilt != commitments_of(claimed)) return wrong("its weights are not those of the key");
  api::Access::Impl<CheckedWeights> impl;
  impl.evidence = WeightEvidence::kRederived;
  impl.identity = key.info().model_identity;
  out = api::Access::make<CheckedWeights>(impl);
  return Verdict::accept();
}

}  // namespace zkinfer
