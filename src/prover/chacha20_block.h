// SPDX-License-Identifier: Apache-2.0
// ChaCha20's block function by its definition (RFC 8439, section 2.3), for platforms without a library that has it.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "base/bytes.h"

namespace zkinfer::prover {

using ChaCha20Words = std::array<std::uint32_t, 16>;

// Four constants, eight words of the key, then the 64-bit block counter and the 64-bit nonce of the original cipher.
inline ChaCha20Words chacha20_input(const Digest& key, std::uint64_t counter, std::uint64_t nonce) {
  ChaCha20Words words{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
  for (std::size_t i = 0; i < key.size(); ++i) words[4 + i / 4] |= std::uint32_t{key[i]} << (8 * (i % 4));
  words[12] = static_cast<std::uint32_t>(counter & 0xffffffff);
  words[13] = static_cast<std::uint32_t>(counter >> 32);
  words[14] = static_cast<std::uint32_t>(nonce & 0xffffffff);
  words[15] = static_cast<std::uint32_t>(nonce >> 32);
  return words;
}

inline ChaCha20Words chacha20_block(const ChaCha20Words& input) {
  const auto quarter_round = [](std::uint32_t& a, std::uint32_t& b, std::uint32_t& c, std::uint32_t& d) {
    a += b, d = std::rotl(d ^ a, 16);
    c += d, b = std::rotl(b ^ c, 12);
    a += b, d = std::rotl(d ^ a, 8);
    c += d, b = std::rotl(b ^ c, 7);
  };
  ChaCha20Words x = input;
  for (int double_round = 0; double_round < 10; ++double_round) {
    for (std::size_t i = 0; i < 4; ++i) quarter_round(x[i], x[4 + i], x[8 + i], x[12 + i]);
    for (std::size_t i = 0; i < 4; ++i)
      quarter_round(x[i], x[4 + (i + 1) % 4], x[8 + (i + 2) % 4], x[12 + (i + 3) % 4]);
  }
  for (std::size_t i = 0; i < x.size(); ++i) x[i] += input[i];
  return x;
}

}  // namespace zkinfer::prover
