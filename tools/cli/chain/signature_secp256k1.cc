// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>
#include <cstring>

#include <secp256k1_recovery.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/text.h"
#include "chain/signature.h"
#include "hash/keccak.h"
#include "zkinfer/hex.h"

namespace zkinfer::cli {
namespace {

constexpr std::uint64_t kMaxKeyFile = 1024;

const secp256k1_context* context() {
  static const secp256k1_context* const one = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
  return one;
}

void wipe(std::uint8_t* data, std::size_t size) { explicit_bzero(data, size); }

}  // namespace

SigningKey::SigningKey(SigningKey&& other) noexcept : bytes_(other.bytes_) {
  wipe(other.bytes_.data(), other.bytes_.size());
}

SigningKey::~SigningKey() { wipe(bytes_.data(), bytes_.size()); }

Result<SigningKey> SigningKey::read(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return invalid_argument(in_quotes(path) +
                            " holds a private key and others than its owner can use it; `chmod 600` it");
  }
  ZKI_ASSIGN_OR_RETURN(Bytes text, read_file(path, kMaxKeyFile));
  Result<SigningKey> key = parse(path, text);
  wipe(text.data(), text.size());
  return key;
}

Result<SigningKey> SigningKey::parse(const std::string& path, ByteView text) {
  std::string_view digits(reinterpret_cast<const char*>(text.data()), text.size());
  while (!digits.empty() && (digits.back() == '\n' || digits.back() == '\r' || digits.back() == ' '))
    digits.remove_suffix(1);
  if (digits.starts_with("0x")) digits.remove_prefix(2);
  const bool is_hex =
      std::ranges::all_of(digits, [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; });
  const std::string expected = in_quotes(path) + ": expected a private key, 64 hexadecimal digits";
  if (!is_hex) return invalid_argument(expected + "; there is something else in it");
  if (digits.size() != 64) return invalid_argument(expected + ", got " + std::to_string(digits.size()));
  SigningKey key;
  ZKI_ASSIGN_OR_RETURN(Bytes bytes, from_hex(digits));
  std::ranges::copy(bytes, key.bytes_.begin());
  wipe(bytes.data(), bytes.size());
  if (secp256k1_ec_seckey_verify(context(), key.bytes_.data()) == 0)
    return invalid_argument(expected + " of a number above 0 and below the order of secp256k1; it is none");
  return key;
}

Result<Bytes> SigningKey::address() const {
  secp256k1_pubkey point;
  std::array<std::uint8_t, 65> encoded{};
  std::size_t size = encoded.size();
  if (secp256k1_ec_pubkey_create(context(), &point, bytes_.data()) == 0 ||
      secp256k1_ec_pubkey_serialize(context(), encoded.data(), &size, &point, SECP256K1_EC_UNCOMPRESSED) == 0)
    return internal_error("libsecp256k1 makes no public key");
  const Digest digest = keccak256(ByteView(encoded).subspan(1));
  return Bytes(digest.begin() + 12, digest.end());
}

Result<SigningKey::Signature> SigningKey::sign(const Digest& digest) const {
  secp256k1_ecdsa_recoverable_signature made;
  std::array<std::uint8_t, 64> encoded{};
  int parity = 0;
  if (secp256k1_ecdsa_sign_recoverable(context(), &made, digest.data(), bytes_.data(), nullptr, nullptr) == 0)
    return internal_error("libsecp256k1 makes no signature");
  secp256k1_ecdsa_recoverable_signature_serialize_compact(context(), encoded.data(), &parity, &made);
  Signature out;
  std::copy_n(encoded.begin(), 32, out.r.begin());
  std::copy_n(encoded.begin() + 32, 32, out.s.begin());
  out.parity = static_cast<std::uint8_t>(parity & 1);
  return out;
}

}  // namespace zkinfer::cli
