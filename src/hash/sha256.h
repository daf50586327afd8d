// SPDX-License-Identifier: Apache-2.0
// SHA-256. Ours because a proof of a hash needs what no library gives: the schedule and the state of every round. The
// verifier hashes public data with it too.
//
// Source: FIPS 180-4, sections 4.1.2, 4.2.2, 5.1.1, 5.3.3 and 6.2.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace zkinfer {

inline constexpr std::size_t kSha256BlockBytes = 64;
inline constexpr std::size_t kSha256Rounds = 64;

// The eight working variables a .. h, or the hash value H0 .. H7.
using Sha256State = std::array<std::uint32_t, 8>;

extern const Sha256State kSha256Start;
extern const std::array<std::uint32_t, kSha256Rounds> kSha256Constants;

inline std::uint32_t sha256_large0(std::uint32_t x) { return std::rotr(x, 2) ^ std::rotr(x, 13) ^ std::rotr(x, 22); }
inline std::uint32_t sha256_large1(std::uint32_t x) { return std::rotr(x, 6) ^ std::rotr(x, 11) ^ std::rotr(x, 25); }
inline std::uint32_t sha256_small0(std::uint32_t x) { return std::rotr(x, 7) ^ std::rotr(x, 18) ^ x >> 3; }
inline std::uint32_t sha256_small1(std::uint32_t x) { return std::rotr(x, 17) ^ std::rotr(x, 19) ^ x >> 10; }
inline std::uint32_t sha256_choice(std::uint32_t x, std::uint32_t y, std::uint32_t z) { return (x & y) ^ (~x & z); }
inline std::uint32_t sha256_majority(std::uint32_t x, std::uint32_t y, std::uint32_t z) {
  return (x & y) ^ (x & z) ^ (y & z);
}

// One block's compression. b, c, d of a round are a of the rounds before it, and f, g, h are e: entries 0 .. 3 hold what
// the block starts from, entry t + 4 what round t makes, so that round t has a = a[t + 3], .., d = a[t], e = e[t + 3], .., h = e[t].
struct Sha256Compression {
  std::array<std::uint32_t, kSha256Rounds> schedule;
  std::array<std::uint32_t, kSha256Rounds + 4> a, e;

  // The hash value after the block.
  Sha256State next() const;
};
Sha256Compression sha256_compress(const Sha256State& state, std::span<const std::uint8_t, kSha256BlockBytes> block);

// What follows a message of num_bytes < 2^61 bytes: 0x80, zeros, the length in bits as 8 big-endian bytes; up to a whole block.
Bytes sha256_padding(std::uint64_t num_bytes);

Digest sha256(ByteView bytes);

}  // namespace zkinfer
