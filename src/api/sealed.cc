// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/sealed.h"

#include <algorithm>

#include "api/key_impl.h"
#include "formats/frame.h"
#include "verifier/encryption.h"

namespace zkinfer {

namespace {

SealedInfo info_of(const verifier::EncryptionHead& head) {
  return {head.identity, head.sale, head.share_digests[0], head.share_digests[1], head.root};
}

}  // namespace

Bytes KeyShares::to_bytes() const {
  ByteWriter out;
  write_frame(out, FileKind::kKeyShares);
  out.u8(static_cast<std::uint8_t>((k1.has_value() ? 1 : 0) | (k2.has_value() ? 2 : 0)));
  for (const std::optional<KeyShare>* share : {&k1, &k2}) {
    if (share->has_value()) out.raw(**share);
  }
  return std::move(out).take();
}

Result<KeyShares> KeyShares::from_bytes(ByteView bytes) {
  ZKI_ASSIGN_OR_RETURN(ByteReader reader, open_frame(FileKind::kKeyShares, bytes));
  KeyShares out;
  const std::uint8_t which = reader.u8();
  if (!reader.ok() || which < 1 || which > 3) return corrupt("key shares: they are cut off or changed");
  for (const int index : {0, 1}) {
    if ((which >> index & 1) == 0) continue;
    const ByteView raw = reader.raw(sizeof(KeyShare));
    if (!reader.ok()) return corrupt("key shares: they are cut off");
    std::ranges::copy(raw, (index == 0 ? out.k1 : out.k2).emplace().begin());
  }
  if (!reader.finished()) return corrupt("key shares: there are bytes after their end");
  return out;
}

std::optional<SealedInfo> claimed_encryption(ByteView proof) {
  const std::optional<verifier::EncryptionHead> head = verifier::encryption_head(proof);
  return head.has_value() ? std::optional(info_of(*head)) : std::nullopt;
}

SealedResult verify_sealed(const VerificationKey& key, ByteView sealed, ByteView proof, const VerifyRequest& request) {
  const auto rejected = [](Verdict verdict) {
    SealedResult result;
    result.verdict = std::move(verdict);
    return result;
  };
  Digest context{};
  if (Verdict verdict = api::check_trust(key, request, context); !verdict.accepted())
    return rejected(std::move(verdict));
  verifier::Encryption checked;
  if (Verdict verdict = verifier::verify_encryption(api::impl(key).prepared, sealed, proof, checked);
      !verdict.accepted())
    return rejected(std::move(verdict));
  SealedResult result;
  if (Verdict verdict = api::summarize(key, request, context, checked.head.sale, checked.slots.front(),
                                       checked.soundness.bits(), result);
      !verdict.accepted())
    return rejected(std::move(verdict));
  result.info = info_of(checked.head);
  result.slots = std::move(checked.slots);
  return result;
}

}  // namespace zkinfer
