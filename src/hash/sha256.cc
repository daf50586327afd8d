// SPDX-License-Identifier: Apache-2.0
#include "hash/sha256.h"

namespace zkinfer {

const Sha256State kSha256Start = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

const std::array<std::uint32_t, kSha256Rounds> kSha256Constants = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

namespace {

std::uint32_t load_big_endian(const std::uint8_t* bytes) {
  std::uint32_t x = 0;
  for (int i = 0; i < 4; ++i) x = x << 8 | bytes[i];
  return x;
}

}  // namespace

Sha256Compression sha256_compress(const Sha256State& state, std::span<const std::uint8_t, kSha256BlockBytes> block) {
  Sha256Compression out;
  auto& w = out.schedule;
  for (std::size_t t = 0; t < 16; ++t) w[t] = load_big_endian(block.data() + 4 * t);
  for (std::size_t t = 16; t < kSha256Rounds; ++t) {
    w[t] = sha256_small1(w[t - 2]) + w[t - 7] + sha256_small0(w[t - 15]) + w[t - 16];
  }
  for (std::size_t i = 0; i < 4; ++i) {
    out.a[i] = state[3 - i];
    out.e[i] = state[7 - i];
  }
  for (std::size_t t = 0; t < kSha256Rounds; ++t) {
    const std::uint32_t a = out.a[t + 3], b = out.a[t + 2], c = out.a[t + 1], d = out.a[t];
    const std::uint32_t e = out.e[t + 3], f = out.e[t + 2], g = out.e[t + 1], h = out.e[t];
    const std::uint32_t t1 = h + sha256_large1(e) + sha256_choice(e, f, g) + kSha256Constants[t] + w[t];
    out.e[t + 4] = d + t1;
    out.a[t + 4] = t1 + sha256_large0(a) + sha256_majority(a, b, c);
  }
  return out;
}

Sha256State Sha256Compression::next() const {
  Sha256State state;
  for (std::size_t i = 0; i < 4; ++i) {
    state[3 - i] = a[i] + a[kSha256Rounds + i];
    state[7 - i] = e[i] + e[kSha256Rounds + i];
  }
  return state;
}

Bytes sha256_padding(std::uint64_t num_bytes) {
  const std::size_t used = static_cast<std::size_t>(num_bytes % kSha256BlockBytes);
  const std::size_t num_padding = (used < kSha256BlockBytes - 8 ? kSha256BlockBytes : 2 * kSha256BlockBytes) - used;
  Bytes out(num_padding);
  out[0] = 0x80;
  for (std::size_t i = 0; i < 8; ++i) out[num_padding - 1 - i] = static_cast<std::uint8_t>(8 * num_bytes >> (8 * i));
  return out;
}

Digest sha256(ByteView bytes) {
  Sha256State state = kSha256Start;
  const auto absorb = [&](ByteView blocks) {
    for (std::size_t i = 0; i + kSha256BlockBytes <= blocks.size(); i += kSha256BlockBytes) {
      state = sha256_compress(state, blocks.subspan(i).first<kSha256BlockBytes>()).next();
    }
  };
  absorb(bytes);
  const ByteView rest = bytes.last(bytes.size() % kSha256BlockBytes);
  Bytes end(rest.begin(), rest.end());
  const Bytes tail = sha256_padding(bytes.size());
  end.insert(end.end(), tail.begin(), tail.end());
  absorb(end);
  Digest digest;
  for (std::size_t i = 0; i < digest.size(); ++i)
    digest[i] = static_cast<std::uint8_t>(state[i / 4] >> (24 - 8 * (i % 4)));
  return digest;
}

}  // namespace zkinfer
