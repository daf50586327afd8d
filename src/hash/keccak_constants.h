// SPDX-License-Identifier: Apache-2.0
// The constants of Keccak-f[1600], computed from their definitions ("The Keccak reference", section 1.2).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace zkinfer::hash {

// iota: bit 2^j - 1 of round constant r is output number 7 r + j of the LFSR x^8 + x^6 + x^5 + x^4 + 1.
constexpr std::array<std::uint64_t, 24> keccak_round_constants() {
  std::array<std::uint64_t, 24> constants{};
  unsigned lfsr = 1;
  for (std::uint64_t& constant : constants) {
    for (int j = 0; j < 7; ++j) {
      if (lfsr & 1) constant |= std::uint64_t{1} << ((1 << j) - 1);
      lfsr = lfsr & 0x80 ? (lfsr << 1) ^ 0x171 : lfsr << 1;
    }
  }
  return constants;
}

// rho: lane (0, 0) stays; the t-th lane of the walk (x, y) -> (y, 2x + 3y) from (1, 0) turns by (t + 1)(t + 2) / 2.
constexpr std::array<int, 25> keccak_rho_offsets() {
  std::array<int, 25> offsets{};
  std::size_t x = 1, y = 0;
  for (int t = 0; t < 24; ++t) {
    offsets[x + 5 * y] = (t + 1) * (t + 2) / 2 % 64;
    const std::size_t next_y = (2 * x + 3 * y) % 5;
    x = y;
    y = next_y;
  }
  return offsets;
}

// pi: lane (x, y) moves to (y, 2x + 3y).
constexpr std::array<std::size_t, 25> keccak_pi_targets() {
  std::array<std::size_t, 25> targets{};
  for (std::size_t y = 0; y < 5; ++y) {
    for (std::size_t x = 0; x < 5; ++x) targets[x + 5 * y] = y + 5 * ((2 * x + 3 * y) % 5);
  }
  return targets;
}

inline constexpr std::array<std::uint64_t, 24> kRoundConstants = keccak_round_constants();
inline constexpr std::array<int, 25> kRhoOffset = keccak_rho_offsets();
inline constexpr std::array<std::size_t, 25> kPiTarget = keccak_pi_targets();

}  // namespace zkinfer::hash
