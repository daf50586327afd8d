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

namespace {

using Lanes = std::array<std::uint64_t, 25>;
using Columns = std::array<std::uint64_t, 5>;

// Where rho and pi take lane `to` from.
constexpr std::size_t source(std::size_t to) {
  std::size_t from = 0;
  while (hash::kPiTarget[from] != to) ++from;
  return from;
}

// Lane `to` after theta, rho and pi; d is what theta adds to each column.
template <std::size_t to>
inline std::uint64_t theta_rho_pi(const Lanes& a, const Columns& d) {
  constexpr std::size_t kFrom = source(to);
  return std::rotl(a[kFrom] ^ d[kFrom % 5], hash::kRhoOffset[kFrom]);
}

template <std::size_t row>
inline void chi_row(const Lanes& a, const Columns& d, Lanes& out) {
  const std::uint64_t b0 = theta_rho_pi<row>(a, d);
  const std::uint64_t b1 = theta_rho_pi<row + 1>(a, d);
  const std::uint64_t b2 = theta_rho_pi<row + 2>(a, d);
  const std::uint64_t b3 = theta_rho_pi<row + 3>(a, d);
  const std::uint64_t b4 = theta_rho_pi<row + 4>(a, d);
  out[row] = b0 ^ (~b1 & b2);
  out[row + 1] = b1 ^ (~b2 & b3);
  out[row + 2] = b2 ^ (~b3 & b4);
  out[row + 3] = b3 ^ (~b4 & b0);
  out[row + 4] = b4 ^ (~b0 & b1);
}

inline void keccak_round(const Lanes& a, std::uint64_t round_constant, Lanes& out) {
  Columns c, d;
  for (std::size_t x = 0; x < 5; ++x) c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
  for (std::size_t x = 0; x < 5; ++x) d[x] = c[(x + 4) % 5] ^ std::rotl(c[(x + 1) % 5], 1);
  chi_row<0>(a, d, out);
  chi_row<5>(a, d, out);
  chi_row<10>(a, d, out);
  chi_row<15>(a, d, out);
  chi_row<20>(a, d, out);
  out[0] ^= round_constant;
}

}  // namespace

void keccak_f1600(std::array<std::uint64_t, 25>& state) {
  Lanes a = state, b;
  for (std::size_t round = 0; round < hash::kRoundConstants.size(); round += 2) {
    keccak_round(a, hash::kRoundConstants[round], b);
    keccak_round(b, hash::kRoundConstants[round + 1], a);
  }
  state = a;
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
