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

// out[i] = keccak256(prefix || messages[i * stride .. i * stride + message_bytes)), several at once in vector lanes.
// Shapes: `messages` holds at least (out.size() - 1) * stride + message_bytes bytes when out is not empty; prefix.size() < 136.
// Runs on the calling thread.
void keccak256_many(ByteView prefix, ByteView messages, std::size_t message_bytes, std::size_t stride,
                    std::span<Digest> out);

}  // namespace zkinfer
