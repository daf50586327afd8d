// SPDX-License-Identifier: Apache-2.0
// Sealed weights: a committed model's parameters, encrypted, with a proof that the ciphertext holds exactly these. The key is two shares, so that
// one can be published, for money, without anything being readable for those who lack the other. Prover::seal makes it, unseal (seal.h) reads
// it with both shares. Formats: docs/formats/sealed.md, encryption.md, key_shares.md; what a sale is: docs/guides/selling.md.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "zkinfer/verify.h"

namespace zkinfer {

// Secret: 240 random bits.
using KeyShare = std::array<std::uint8_t, 30>;
struct KeyShares {
  std::optional<KeyShare> k1, k2;  // the one that is released against payment, and the buyer's own

  Bytes to_bytes() const;
  static Result<KeyShares> from_bytes(ByteView bytes);
};

// What sealed weights and their proof say of themselves.
struct SealedInfo {
  Digest identity{};  // of the key that the proof was made under
  Digest sale{};      // which sale it is for
  Digest c1{}, c2{};  // SHA-256 of the shares
  Digest root{};      // Merkle root of the ciphertext, in leaves of 64 KiB
};
// Of an encryption proof; checked by nobody; none if the bytes do not begin like one.
std::optional<SealedInfo> claimed_encryption(ByteView proof);

// Everything but the verdict is empty unless accepted. slot: the first chunk's; context: the sale.
struct SealedResult : VerifySummary {
  SealedInfo info;
  std::vector<std::uint64_t> slots;  // of the chunks
};
// Checks that `sealed` decrypts to the weights of the key's model for whoever has the preimages of c1 and c2. Of the request weights and context
// are asked for. Ask for a certificate: of weights that nobody certified it may not read back.
SealedResult verify_sealed(const VerificationKey& key, ByteView sealed, ByteView proof, const VerifyRequest& request);

}  // namespace zkinfer
