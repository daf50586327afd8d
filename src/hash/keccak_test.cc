// SPDX-License-Identifier: Apache-2.0
#include "hash/keccak_many.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "base/big_endian.h"
#include "field/simd_test_util.h"
#include "hash/keccak_constants.h"
#include "zkinfer/hex.h"

namespace zkinfer {
namespace {

std::string hash_hex(std::string_view text) {
  return to_hex(keccak256(ByteView(reinterpret_cast<const std::uint8_t*>(text.data()), text.size())));
}

// Keccak-256 values known from the EVM: the empty code hash, the hash of a function signature, and others.
TEST(Keccak, KnownAnswers) {
  EXPECT_EQ(hash_hex(""), "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
  EXPECT_EQ(hash_hex("abc"), "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
  EXPECT_EQ(hash_hex("The quick brown fox jumps over the lazy dog"),
            "4d741b6f1eb29cb2a9b9911c82f56fa8d73b04959d3d9d222895df6c0b28aa15");
  EXPECT_EQ(hash_hex("transfer(address,uint256)").substr(0, 8), "a9059cbb");
}

TEST(Keccak, FirstAndLastRoundConstants) {
  EXPECT_EQ(hash::kRoundConstants[0], 0x0000000000000001ULL);
  EXPECT_EQ(hash::kRoundConstants[1], 0x0000000000008082ULL);
  EXPECT_EQ(hash::kRoundConstants[23], 0x8000000080008008ULL);
  EXPECT_EQ(hash::kRhoOffset[1], 1);
  EXPECT_EQ(hash::kRhoOffset[24], 14);
}

TEST(Keccak, IncrementalEqualsOneShot) {
  std::mt19937_64 rng(7);
  for (std::size_t num_bytes : {0, 1, 7, 64, 135, 136, 137, 271, 272, 273, 1000}) {
    Bytes message(num_bytes);
    for (auto& b : message) b = static_cast<std::uint8_t>(rng());
    const Digest expected = keccak256(message);
    Keccak256 hash;
    for (int again = 0; again < 2; ++again) {
      for (std::size_t at = 0; at < num_bytes;) {
        const std::size_t take = std::min<std::size_t>(rng() % 150, num_bytes - at);
        hash.update(ByteView(message).subspan(at, take));
        at += take;
      }
      EXPECT_EQ(hash.finish(), expected) << num_bytes;
    }
  }
}

void expect_many_equals_one(std::mt19937_64& rng, std::size_t prefix_bytes, std::size_t message_bytes,
                            std::size_t count) {
  const std::size_t stride = message_bytes + rng() % 3;
  Bytes prefix(prefix_bytes), messages(count * stride);
  for (auto& b : prefix) b = static_cast<std::uint8_t>(rng());
  for (auto& b : messages) b = static_cast<std::uint8_t>(rng());
  std::vector<Digest> out(count);
  keccak256_many(prefix, messages, message_bytes, stride, out);
  for (std::size_t i = 0; i < count; ++i) {
    Keccak256 hash;
    hash.update(prefix);
    hash.update(ByteView(messages).subspan(i * stride, message_bytes));
    ASSERT_EQ(out[i], hash.finish()) << prefix_bytes << " " << message_bytes << " " << i << "/" << count;
  }
}

TEST(Keccak, ManyEqualsOneOnEveryTarget) {
  std::mt19937_64 rng(8);
  for (const simd::Target chosen : simd_targets()) {
    const SimdTargetScope target(chosen);
    for (std::size_t prefix_bytes : {0, 1, 40, 135}) {
      for (std::size_t message_bytes : {0, 1, 8, 64, 127, 128, 134, 135, 136, 137, 256, 271, 272, 300, 1024}) {
        for (std::size_t count : {0, 1, 2, 5, 8, 9, 17, 24}) {
          expect_many_equals_one(rng, prefix_bytes, message_bytes, count);
        }
      }
    }
  }
}

TEST(Keccak, WordsEqualBytesOnEveryTarget) {
  std::mt19937_64 rng(9);
  for (const simd::Target chosen : simd_targets()) {
    const SimdTargetScope target(chosen);
    for (std::size_t num_words : {1, 4, 6, 8, 15, 16, 17, 18, 33, 34, 48, 96}) {
      for (std::size_t count : {0, 1, 3, 8, 17}) {
        std::vector<std::uint64_t> words(num_words * count);
        Bytes bytes(8 * words.size());
        for (std::size_t i = 0; i < words.size(); ++i) {
          words[i] = rng();
          store_big_endian(words[i], bytes.data() + 8 * i);
        }
        std::vector<Digest> got(count), expected(count);
        const std::uint8_t prefix = 5;
        keccak256_words(prefix, words, num_words, got);
        keccak256_many(ByteView(&prefix, 1), bytes, 8 * num_words, 8 * num_words, expected);
        ASSERT_EQ(got, expected) << num_words << " " << count;
      }
    }
  }
}

}  // namespace
}  // namespace zkinfer
