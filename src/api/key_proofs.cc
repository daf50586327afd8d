// SPDX-License-Identifier: Apache-2.0
// What is proven of keys: certificates, rotations, and paths of rotations from a root key to the keys that serve.
#include <algorithm>

#include "api/key_impl.h"
#include "formats/frame.h"
#include "verifier/batch.h"
#include "verifier/certificate.h"
#include "verifier/encryption.h"
#include "verifier/evaluation.h"
#include "verifier/joint.h"
#include "verifier/path.h"

namespace zkinfer {

std::string_view weight_evidence_name(WeightEvidence evidence) {
  switch (evidence) {
    case WeightEvidence::kNone: return "none";
    case WeightEvidence::kUncertified: return "uncertified";
    case WeightEvidence::kCertified: return "certified";
    case WeightEvidence::kRederived: return "rederived";
    case WeightEvidence::kNoWeights: return "no weights";
  }
  return "unknown";
}

CheckedWeights::CheckedWeights(const Impl& impl)
    : evidence_(impl.evidence), identity_(impl.identity), bits_(impl.bits) {}

CheckedWeights CheckedWeights::uncertified() {
  Impl impl;
  impl.evidence = WeightEvidence::kUncertified;
  return CheckedWeights(impl);
}

Verdict CheckedWeights::from_certificate(const VerificationKey& key, ByteView certificate, CheckedWeights& out) {
  const verifier::PreparedKey& prepared = api::impl(key).prepared;
  soundness::SoundnessReport report;
  if (Verdict verdict = verifier::verify_certificate(prepared, certificate, &report); !verdict.accepted()) {
    verdict.where = "certificate: " + verdict.where;
    return verdict;
  }
  out = CheckedWeights(Impl{WeightEvidence::kCertified, prepared.identity, report.bits()});
  return Verdict::accept();
}

Verdict verify_certificate(const VerificationKey& key, ByteView certificate) {
  return verifier::verify_certificate(api::impl(key).prepared, certificate);
}

Verdict verify_rotation(const VerificationKey& before, const VerificationKey& after, ByteView rotation) {
  return verifier::verify_rotation(api::impl(before).prepared, api::impl(after).prepared, rotation);
}

PathResult verify_path(const VerificationKey& root, ByteView path) {
  const auto rejected = [](Verdict verdict) {
    verdict.where = "path: " + verdict.where;
    return PathResult{std::move(verdict), std::nullopt, 0};
  };
  if (root.info().depth > 0) {
    return rejected(Verdict::reject(RejectReason::kWrongStatement, "it begins at a root key, this one came by a path"));
  }
  verifier::Path steps;
  if (Verdict verdict = verifier::read_path(path, steps); !verdict.accepted()) return rejected(std::move(verdict));
  verifier::Descent descent;
  if (Verdict verdict = verifier::verify_path(api::impl(root).prepared, steps, descent); !verdict.accepted()) {
    return rejected(std::move(verdict));
  }
  auto impl = api::describe_key(std::move(descent.serving));
  impl->info.root_identity = root.info().model_identity;
  impl->info.depth = steps.steps.size();
  impl->info.weakest_bits = descent.soundness.bits();
  return {Verdict::accept(), api::Access::make<VerificationKey>(std::move(impl)), descent.root_slot};
}

std::optional<std::uint64_t> claimed_rows(ByteView batch) {
  const std::optional<verifier::BatchHead> head = verifier::batch_head(batch);
  return head.has_value() ? std::optional(head->num_rows) : std::nullopt;
}

std::optional<Digest> claimed_identity(ByteView proof) {
  if (const std::optional<verifier::BatchHead> head = verifier::batch_head(proof)) return head->identity;
  if (const std::optional<verifier::EvaluationHead> head = verifier::evaluation_head(proof)) return head->identity;
  if (const std::optional<verifier::RowsHead> head = verifier::joint_head(proof)) return head->identity;
  if (const std::optional<verifier::EncryptionHead> head = verifier::encryption_head(proof)) return head->identity;
  Result<ByteReader> opened = open_frame(FileKind::kProof, proof);
  if (!opened.ok()) return std::nullopt;
  ByteReader reader = *opened;
  static_cast<void>(reader.u32());
  Digest identity{};
  const ByteView bytes = reader.raw(identity.size());
  if (!reader.ok()) return std::nullopt;
  std::ranges::copy(bytes, identity.begin());
  return identity;
}

}  // namespace zkinfer
