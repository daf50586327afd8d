// SPDX-License-Identifier: Apache-2.0
// Signatures of Ethereum's accounts: recoverable ECDSA on secp256k1. By libsecp256k1 where that is there (signature_secp256k1.cc), else
// all of it says that it is not (signature_none.cc).
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "zkinfer/status.h"

namespace zkinfer::cli {

// A private key, wiped when it goes. No message holds anything of it.
class SigningKey {
 public:
  // 64 hexadecimal digits, 0x before them or not, in a file that its owner alone can read.
  static Result<SigningKey> read(const std::string& path);
  SigningKey(SigningKey&&) noexcept;
  SigningKey& operator=(SigningKey&&) = delete;
  ~SigningKey();

  // The last 20 bytes of the public key's Keccak-256.
  Result<Bytes> address() const;
  struct Signature {
    Digest r{}, s{};
    std::uint8_t parity = 0;  // of the point's y
  };
  Result<Signature> sign(const Digest& digest) const;

 private:
  SigningKey() = default;
  static Result<SigningKey> parse(const std::string& path, ByteView text);

  std::array<std::uint8_t, 32> bytes_{};
};

}  // namespace zkinfer::cli
