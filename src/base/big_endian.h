// SPDX-License-Identifier: Apache-2.0
// Big-endian words: what transcripts hash, messages and rows of proofs are made of them, so that a machine of large words
// (the EVM) reads several at once. Files around them are little-endian (base/bytes.h).
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace zkinfer {

// The word whose bytes in memory are those of `x`, most significant first.
constexpr std::uint64_t big_endian(std::uint64_t x) {
  static_assert(std::endian::native == std::endian::little);
  return __builtin_bswap64(x);
}
inline std::uint64_t load_big_endian(const std::uint8_t* bytes) {
  std::uint64_t x;
  std::memcpy(&x, bytes, sizeof(x));
  return big_endian(x);
}
inline void store_big_endian(std::uint64_t x, std::uint8_t* bytes) {
  x = big_endian(x);
  std::memcpy(bytes, &x, sizeof(x));
}

}  // namespace zkinfer
