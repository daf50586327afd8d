// SPDX-License-Identifier: Apache-2.0
#include "hash/sha256.h"
#include "zkinfer/hex.h"

#include <gtest/gtest.h>
#include <openssl/sha.h>

#include <random>
#include <string>

namespace zkinfer {
namespace {

std::string hash_hex(std::string_view text) {
  return to_hex(sha256(ByteView(reinterpret_cast<const std::uint8_t*>(text.data()), text.size())));
}

// The examples of FIPS 180-4 and NIST's test vectors of 0, 3, 56, 112 and 10^6 bytes.
TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(hash_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hash_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hash_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hash_hex("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsm"
                     "nopqrstnopqrstu"),
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
  EXPECT_EQ(hash_hex(std::string(1000000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, EqualsOpenSsl) {
  std::mt19937_64 rng(11);
  for (std::size_t num_bytes = 0; num_bytes <= 300; ++num_bytes) {
    Bytes message(num_bytes);
    for (auto& b : message) b = static_cast<std::uint8_t>(rng());
    Digest expected;
    SHA256(message.data(), message.size(), expected.data());
    EXPECT_EQ(sha256(message), expected) << num_bytes;
  }
}

TEST(Sha256, PaddingEndsAtABlock) {
  for (std::size_t num_bytes = 0; num_bytes < 200; ++num_bytes) {
    const Bytes tail = sha256_padding(num_bytes);
    EXPECT_EQ((num_bytes + tail.size()) % kSha256BlockBytes, 0u);
    EXPECT_GE(tail.size(), 9u);
    EXPECT_LE(tail.size(), 72u);
    EXPECT_EQ(tail[0], 0x80);
  }
  EXPECT_EQ(to_hex(sha256_padding(55)), "8000000000000001b8");
}

}  // namespace
}  // namespace zkinfer
