// SPDX-License-Identifier: Apache-2.0
// IPFS content identifiers: multibase prefix, then version, codec and multihash as varints, of which ours all fit one byte.
// Source: the CID, multibase and multihash specifications of multiformats; base32 is RFC 4648 in lower case, unpadded.
#include <algorithm>
#include <array>

#include "zkinfer/cid.h"

namespace zkinfer {

namespace {

constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::array<std::uint8_t, 4> kPrefix = {1, 0x55, 0x12, 32};  // CIDv1, raw, sha2-256, bytes of the digest
constexpr char kBase32 = 'b';
constexpr const char* kSupported =
    "supported are identifiers of one raw block: CIDv1, codec raw, hash sha2-256, in base32 (\"bafkrei..\")";

std::string to_base32(ByteView bytes) {
  std::string text;
  std::uint32_t bits = 0;
  int num_bits = 0;
  for (const std::uint8_t byte : bytes) {
    bits = bits << 8 | byte;
    for (num_bits += 8; num_bits >= 5; num_bits -= 5) text += kAlphabet[bits >> (num_bits - 5) & 31];
  }
  if (num_bits > 0) text += kAlphabet[bits << (5 - num_bits) & 31];
  return text;
}

// Refuses what to_base32 would write in another way.
Result<Bytes> from_base32(std::string_view text) {
  Bytes bytes;
  std::uint32_t bits = 0;
  int num_bits = 0;
  for (const char c : text) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos)
      return invalid_argument(std::string("content identifier: '") + c + "' is no digit of base32 in lower case");
    bits = bits << 5 | static_cast<std::uint32_t>(digit);
    num_bits += 5;
    if (num_bits < 8) continue;
    num_bits -= 8;
    bytes.push_back(static_cast<std::uint8_t>(bits >> num_bits));
  }
  if (num_bits >= 5 || (bits & ((1u << num_bits) - 1)) != 0)
    return invalid_argument("content identifier: it ends within a byte; is a part missing?");
  return bytes;
}

}  // namespace

std::string cid_of_sha256(const Digest& sha256) {
  Bytes bytes(kPrefix.begin(), kPrefix.end());
  bytes.insert(bytes.end(), sha256.begin(), sha256.end());
  return kBase32 + to_base32(bytes);
}

Result<Digest> sha256_of_cid(std::string_view cid) {
  const auto other = [](const std::string& what) {
    return unsupported("content identifier: " + what + "; " + kSupported);
  };
  if (cid.starts_with("Qm")) {
    return other(
        "version 0 names a node of a file tree, whose hash is not that of the data (add the file with "
        "`ipfs add --raw-leaves --cid-version=1`)");
  }
  if (cid.empty() || cid[0] != kBase32) return other("it does not begin with 'b', the mark of base32");
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, from_base32(cid.substr(1)));
  if (bytes.empty() || bytes[0] != kPrefix[0]) return other("version other than 1");
  if (bytes.size() < 2 || bytes[1] != kPrefix[1]) {
    return other(
        "codec other than raw: the file is cut into several blocks or is no plain data, so its hash is not that of the "
        "data");
  }
  if (bytes.size() < 4 || bytes[2] != kPrefix[2] || bytes[3] != kPrefix[3]) return other("hash other than sha2-256");
  if (bytes.size() != kPrefix.size() + sizeof(Digest)) {
    return invalid_argument("content identifier: " + std::to_string(bytes.size()) +
                            " bytes, expected 36; is a part missing?");
  }
  Digest digest{};
  std::copy(bytes.begin() + static_cast<std::ptrdiff_t>(kPrefix.size()), bytes.end(), digest.begin());
  return digest;
}

}  // namespace zkinfer
