// SPDX-License-Identifier: Apache-2.0
#include "prover/cipher.h"

#include <gtest/gtest.h>

#include <random>

#include "prover/chacha20_block.h"

namespace zkinfer::prover {
namespace {

// RFC 8439, section 2.3.2: its 32-bit counter 1 and 96-bit nonce 000000090000004a00000000 are words 12 to 15.
TEST(ChaCha20, BlockOfTheRfc) {
  Digest key;
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(i);
  const ChaCha20Words block = chacha20_block(chacha20_input(key, 0x0900000000000001, 0x000000004a000000));
  const ChaCha20Words expected = {0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033,
                                  0x9aaa2204, 0x4e6cd4c3, 0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
                                  0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2};
  EXPECT_EQ(block, expected);
}

// What WebAssembly computes is the system's stream.
TEST(ChaCha20, DefinitionAndLibraryGiveTheSameStream) {
  std::mt19937_64 rng(1);
  for (int round = 0; round < 20; ++round) {
    Digest key;
    for (std::uint8_t& byte : key) byte = static_cast<std::uint8_t>(rng());
    const std::uint64_t nonce = rng();
    ChaCha20 cipher(key, nonce);
    std::uint64_t counter = 0;
    for (const std::size_t num_words : {8u, 64u, 24u}) {
      std::vector<std::uint64_t> words(num_words);
      cipher.next(words);
      for (std::size_t first = 0; first < num_words; first += 8) {
        const ChaCha20Words block = chacha20_block(chacha20_input(key, counter++, nonce));
        for (std::size_t i = 0; i < 8; ++i)
          ASSERT_EQ(words[first + i], block[2 * i] | std::uint64_t{block[2 * i + 1]} << 32);
      }
    }
  }
}

TEST(RandomSeed, DiffersEachTime) {
  const auto a = random_seed(), b = random_seed();
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_NE(*a, *b);
}

}  // namespace
}  // namespace zkinfer::prover
