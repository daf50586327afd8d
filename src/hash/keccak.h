// SPDX-License-Identifier: Apache-2.0
// Keccak-256 as the EVM computes it: Keccak[512] with the original padding byte 0x01 (not SHA3's 0x06).
//
// Source: G. Bertoni, J. Daemen, M. Peeters, G. Van Assche, "The Keccak reference", version 3.0; padding pad10*1.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace zkinfer {

// The permutation Keccak-f[1600] on 25 lanes, lane (x, y) at index x + 5 y.
void keccak_f1600(std::array<std::uint64_t, 25>& state);

// Incremental hash: update any number of times, then finish once.
class Keccak256 {
 public:
  static constexpr std::size_t kRateBytes = 136;
  void update(ByteView bytes);
  void update(std::uint8_t byte) { update(ByteView(&byte, 1)); }
  // The digest of all bytes so far; the object starts afresh.
  Digest finish();

 private:
  std::array<std::uint64_t, 25> state_{};
  std::array<std::uint8_t, kRateBytes> block_{};
  std::size_t block_bytes_ = 0;
};

Digest keccak256(ByteView bytes);

}  // namespace zkinfer
