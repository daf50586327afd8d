// SPDX-License-Identifier: Apache-2.0
#include "hash/keccak.h"

#include <bit>
#include <cstring>

#include "hash/keccak_constants.h"

namespace zkinfer {
namespace {

std::uint64_t load_lane(const std::uint8_t* bytes) {
  std::uint64_t x = 0;
  for (int i = 0; i < 8; ++i) x |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
  return x;
}

void absorb_block(std::array<std::uint64_t, 25>& state, const std::uint8_t* block) {
  for (std::size_t i = 0; i < Keccak256::kRateBytes / 8; ++i) state[i] ^= load_lane(block + 8 * i);
  keccak_f1600(state);
}

}  // namespace

void keccak_f1600(std::array<std::uint64_t, 25>& state) {
  std::uint64_t a[25], b[25], c[5];
  std::memcpy(a, state.data(), sizeof a);
  for (const std::uint64_t round_constant : hash::kRoundConstants) {
    // theta
    for (std::size_t x = 0; x < 5; ++x) c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
    for (std::size_t x = 0; x < 5; ++x) {
      const std::uint64_t d = c[(x + 4) % 5] ^ std::rotl(c[(x + 1) % 5], 1);
      for (std::size_t y = 0; y < 25; y += 5) a[x + y] ^= d;
    }
    // rho and pi: lane (x, y) goes to (y, 2x + 3y)
    for (std::size_t i = 0; i < 25; ++i) b[hash::kPiTarget[i]] = std::rotl(a[i], hash::kRhoOffset[i]);
    // chi and iota
    for (std::size_t y = 0; y < 25; y += 5) {
      for (std::size_t x = 0; x < 5; ++x) a[y + x] = b[y + x] ^ (~b[y + (x + 1) % 5] & b[y + (x + 2) % 5]);
    }
    a[0] ^= round_constant;
  }
  std::memcpy(state.data(), a, sizeof a);
}

void Keccak256::update(ByteView bytes) {
  while (!bytes.empty()) {
    if (block_bytes_ == 0 && bytes.size() >= kRateBytes) {
      absorb_block(state_, bytes.data());
      bytes = bytes.subspan(kRateBytes);
      continue;
    }
    const std::size_t room = kRateBytes - block_bytes_;
    const std::size_t num_taken = bytes.size() < room ? bytes.size() : room;
    std::memcpy(block_.data() + block_bytes_, bytes.data(), num_taken);
    block_bytes_ += num_taken;
    bytes = bytes.subspan(num_taken);
    if (block_bytes_ == kRateBytes) {
      absorb_block(state_, block_.data());
      block_bytes_ = 0;
    }
  }
}

Digest Keccak256::finish() {
  std::memset(block_.data() + block_bytes_, 0, kRateBytes - block_bytes_);
  block_[block_bytes_] ^= 0x01;
  block_[kRateBytes - 1] ^= 0x80;
  absorb_block(state_, block_.data());
  Digest digest;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<std::uint8_t>(state_[i / 8] >> (8 * (i % 8)));
  }
  state_ = {};
  block_bytes_ = 0;
  return digest;
}

Digest keccak256(ByteView bytes) {
  Keccak256 hash;
  hash.update(bytes);
  return hash.finish();
}

}  // namespace zkinfer
