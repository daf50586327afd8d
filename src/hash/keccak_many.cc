// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "base/big_endian.h"
#include "base/check.h"
#include "field/simd_targets.h"
#include "hash/keccak_constants.h"
#include "hash/keccak_many.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "hash/keccak_many.cc"
#include "hwy/foreach_target.h"
// Highway asks for its header after the loop header.
#include "field/simd_dispatch.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace zkinfer {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<std::uint64_t>;
using V = hn::Vec<D>;
constexpr std::size_t kLanes = HWY_LANES(std::uint64_t);

template <int kBits>
HWY_INLINE V RotateLeft(V x) {
  if constexpr (kBits == 0) {
    return x;
  } else {
    return hn::RotateRight<64 - kBits>(x);
  }
}

template <std::size_t x>
HWY_INLINE V Column(const V (&a)[25]) {
  return hn::Xor3(hn::Xor3(a[x], a[x + 5], a[x + 10]), a[x + 15], a[x + 20]);
}

// Where rho and pi take lane `to` from.
constexpr std::size_t Source(std::size_t to) {
  std::size_t from = 0;
  while (hash::kPiTarget[from] != to) ++from;
  return from;
}

// Lane `to` after theta, rho and pi; c are the column parities and d the same turned by one.
template <std::size_t to>
HWY_INLINE V ThetaRhoPi(const V (&a)[25], const V (&c)[5], const V (&d)[5]) {
  constexpr std::size_t kFrom = Source(to);
  return RotateLeft<hash::kRhoOffset[kFrom]>(hn::Xor3(a[kFrom], c[(kFrom + 4) % 5], d[(kFrom + 1) % 5]));
}

// Row by row, so that few lanes live at a time.
template <std::size_t row>
HWY_INLINE void Row(const V (&a)[25], const V (&c)[5], const V (&d)[5], V (&out)[25]) {
  const V b0 = ThetaRhoPi<row>(a, c, d);
  const V b1 = ThetaRhoPi<row + 1>(a, c, d);
  const V b2 = ThetaRhoPi<row + 2>(a, c, d);
  const V b3 = ThetaRhoPi<row + 3>(a, c, d);
  const V b4 = ThetaRhoPi<row + 4>(a, c, d);
  out[row] = hn::Xor(b0, hn::AndNot(b1, b2));
  out[row + 1] = hn::Xor(b1, hn::AndNot(b2, b3));
  out[row + 2] = hn::Xor(b2, hn::AndNot(b3, b4));
  out[row + 3] = hn::Xor(b3, hn::AndNot(b4, b0));
  out[row + 4] = hn::Xor(b4, hn::AndNot(b0, b1));
}

HWY_INLINE void Round(const V (&a)[25], std::uint64_t round_constant, V (&out)[25]) {
  const V c[5] = {Column<0>(a), Column<1>(a), Column<2>(a), Column<3>(a), Column<4>(a)};
  const V d[5] = {RotateLeft<1>(c[0]), RotateLeft<1>(c[1]), RotateLeft<1>(c[2]), RotateLeft<1>(c[3]),
                  RotateLeft<1>(c[4])};
  Row<0>(a, c, d, out);
  Row<5>(a, c, d, out);
  Row<10>(a, c, d, out);
  Row<15>(a, c, d, out);
  Row<20>(a, c, d, out);
  out[0] = hn::Xor(out[0], hn::Set(D(), round_constant));
}

// Not inlined: alone, it keeps the state in registers.
HWY_NOINLINE void Permute(V (&state)[25]) {
  V a[25], b[25];
  for (std::size_t i = 0; i < 25; ++i) a[i] = state[i];
  for (std::size_t round = 0; round < 24; round += 2) {
    Round(a, hash::kRoundConstants[round], b);
    Round(b, hash::kRoundConstants[round + 1], a);
  }
  for (std::size_t i = 0; i < 25; ++i) state[i] = a[i];
}

// out[i] = word i of every lane, i < 8; lane l's words start at from + l * stride.
HWY_INLINE void LoadEightWords(const std::uint8_t* from, std::size_t stride, V* out) {
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
  // Three rounds of exchanging halves: 64-bit words, 128-bit pairs, 256-bit halves.
  __m512i row[8], pair[8], quad[8];
  for (std::size_t lane = 0; lane < 8; ++lane) row[lane] = _mm512_loadu_si512(from + lane * stride);
  for (std::size_t i = 0; i < 8; i += 2) {
    pair[i] = _mm512_unpacklo_epi64(row[i], row[i + 1]);
    pair[i + 1] = _mm512_unpackhi_epi64(row[i], row[i + 1]);
  }
  // pair[2 k + o] holds words o, o + 2, o + 4, o + 6 of lanes 2 k, 2 k + 1.
  for (std::size_t odd = 0; odd < 2; ++odd) {
    quad[odd] = _mm512_shuffle_i64x2(pair[odd], pair[2 + odd], 0x88);
    quad[2 + odd] = _mm512_shuffle_i64x2(pair[odd], pair[2 + odd], 0xdd);
    quad[4 + odd] = _mm512_shuffle_i64x2(pair[4 + odd], pair[6 + odd], 0x88);
    quad[6 + odd] = _mm512_shuffle_i64x2(pair[4 + odd], pair[6 + odd], 0xdd);
  }
  for (std::size_t i = 0; i < 4; ++i) {
    out[i].raw = _mm512_shuffle_i64x2(quad[i], quad[4 + i], 0x88);
    out[i + 4].raw = _mm512_shuffle_i64x2(quad[i], quad[4 + i], 0xdd);
  }
#else
  HWY_ALIGN std::uint64_t words[8 * kLanes];
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    for (std::size_t i = 0; i < 8; ++i) std::memcpy(&words[i * kLanes + lane], from + lane * stride + 8 * i, 8);
  }
  for (std::size_t i = 0; i < 8; ++i) out[i] = hn::Load(D(), words + i * kLanes);
#endif
}

// One block of every lane; lane l's block starts at from + l * stride.
HWY_INLINE void AbsorbBlock(V (&state)[25], const std::uint8_t* from, std::size_t stride) {
  V words[16];
  LoadEightWords(from, stride, words);
  LoadEightWords(from + 64, stride, words + 8);
  HWY_ALIGN std::uint64_t last[kLanes];
  for (std::size_t lane = 0; lane < kLanes; ++lane) std::memcpy(&last[lane], from + lane * stride + 128, 8);
  for (std::size_t i = 0; i < 16; ++i) state[i] = hn::Xor(state[i], words[i]);
  state[16] = hn::Xor(state[16], hn::Load(D(), last));
  Permute(state);
}

HWY_INLINE void StoreDigests(const V (&state)[25], Digest* out) {
  HWY_ALIGN std::uint64_t words[4 * kLanes];
  for (std::size_t i = 0; i < 4; ++i) hn::Store(state[i], D(), words + i * kLanes);
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    for (std::size_t i = 0; i < 4; ++i) std::memcpy(out[lane].data() + 8 * i, &words[i * kLanes + lane], 8);
  }
}

// The nodes of a tree: kLanes messages of one byte and 64 bytes, one block each, built in registers.
void HashNodes(std::uint8_t prefix, const std::uint8_t* messages, std::size_t stride, Digest* out) {
  V words[8], state[25];
  for (V& x : state) x = hn::Zero(D());
  LoadEightWords(messages, stride, words);
  state[0] = hn::Or(hn::ShiftLeft<8>(words[0]), hn::Set(D(), prefix));
  for (std::size_t i = 1; i < 8; ++i) state[i] = hn::Or(hn::ShiftLeft<8>(words[i]), hn::ShiftRight<56>(words[i - 1]));
  state[8] = hn::Or(hn::ShiftRight<56>(words[7]), hn::Set(D(), std::uint64_t{0x01} << 8));
  state[16] = hn::Set(D(), std::uint64_t{0x80} << 56);
  Permute(state);
  StoreDigests(state, out);
}

// Hashes kLanes messages.
void HashLanes(ByteView prefix, const std::uint8_t* messages, std::size_t message_bytes, std::size_t stride,
               Digest* out) {
  constexpr std::size_t kRate = Keccak256::kRateBytes;
  const std::size_t total = prefix.size() + message_bytes;
  const std::size_t num_blocks = total / kRate + 1;
  V state[25];
  for (V& x : state) x = hn::Zero(D());
  std::uint8_t staged[kLanes * kRate];
  for (std::size_t block = 0; block < num_blocks; ++block) {
    const std::size_t begin = block * kRate;
    if (begin >= prefix.size() && begin + kRate <= total) {
      AbsorbBlock(state, messages + (begin - prefix.size()), stride);
      continue;
    }
    // The first block holds the prefix, the last one the padding.
    const std::size_t num_prefix = begin < prefix.size() ? prefix.size() - begin : 0;
    const std::size_t num_bytes = std::min(total - begin, kRate);
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      std::uint8_t* to = staged + lane * kRate;
      if (num_prefix != 0) std::memcpy(to, prefix.data(), num_prefix);
      if (num_bytes != num_prefix) {
        std::memcpy(to + num_prefix, messages + lane * stride + (begin + num_prefix - prefix.size()),
                    num_bytes - num_prefix);
      }
      if (num_bytes < kRate) {
        std::memset(to + num_bytes, 0, kRate - num_bytes);
        to[num_bytes] ^= 0x01;
        to[kRate - 1] ^= 0x80;
      }
    }
    AbsorbBlock(state, staged, kRate);
  }
  StoreDigests(state, out);
}

void HashMany(ByteView prefix, const std::uint8_t* messages, std::size_t message_bytes, std::size_t stride,
              std::span<Digest> out) {
  std::size_t i = 0;
  for (; i + kLanes <= out.size(); i += kLanes) {
    if (prefix.size() == 1 && message_bytes == 64) {
      HashNodes(prefix[0], messages + i * stride, stride, out.data() + i);
    } else {
      HashLanes(prefix, messages + i * stride, message_bytes, stride, out.data() + i);
    }
  }
  // One by one, as the last group may not have enough messages to read.
  for (; i < out.size(); ++i) {
    Keccak256 hash;
    hash.update(prefix);
    hash.update(ByteView(messages + i * stride, message_bytes));
    out[i] = hash.finish();
  }
}

// Every 64-bit word with its bytes turned around.
HWY_INLINE V ReverseBytes(V x) {
#if HWY_TARGET == HWY_SCALAR
  return hn::Set(D(), big_endian(hn::GetLane(x)));
#else
  const hn::Repartition<std::uint8_t, D> bytes;
  HWY_ALIGN static constexpr std::uint8_t kOrder[16] = {7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8};
  return hn::BitCast(D(), hn::TableLookupBytes(hn::BitCast(bytes, x), hn::LoadDup128(bytes, kOrder)));
#endif
}

// kLanes messages of one byte and big-endian words, each word one byte further on in the block than it is in memory.
void HashWordLanes(std::uint8_t prefix, const std::uint64_t* messages, std::size_t num_words, Digest* out) {
  constexpr std::size_t kRateWords = Keccak256::kRateBytes / 8;
  V words[8], state[25];
  for (V& x : state) x = hn::Zero(D());
  V carried = hn::Set(D(), prefix);  // the bytes that the word before leaves for the next one
  std::size_t at = 0;
  for (std::size_t i = 0; i < num_words; i += 8) {
    const std::size_t count = std::min<std::size_t>(8, num_words - i);
    if (count == 8) {
      LoadEightWords(reinterpret_cast<const std::uint8_t*>(messages + i), 8 * num_words, words);
    } else {
      HWY_ALIGN std::uint64_t some[kLanes];
      for (std::size_t k = 0; k < count; ++k) {
        for (std::size_t lane = 0; lane < kLanes; ++lane) some[lane] = messages[lane * num_words + i + k];
        words[k] = hn::Load(D(), some);
      }
    }
    for (std::size_t k = 0; k < count; ++k) {
      const V word = ReverseBytes(words[k]);
      state[at] = hn::Xor(state[at], hn::Or(hn::ShiftLeft<8>(word), carried));
      carried = hn::ShiftRight<56>(word);
      if (++at < kRateWords) continue;
      Permute(state);
      at = 0;
    }
  }
  state[at] = hn::Xor(state[at], hn::Or(carried, hn::Set(D(), std::uint64_t{0x01} << 8)));
  state[kRateWords - 1] = hn::Xor(state[kRateWords - 1], hn::Set(D(), std::uint64_t{0x80} << 56));
  Permute(state);
  StoreDigests(state, out);
}

void HashWords(std::uint8_t prefix, const std::uint64_t* messages, std::size_t num_words, std::span<Digest> out) {
  std::size_t i = 0;
  for (; i + kLanes <= out.size(); i += kLanes)
    HashWordLanes(prefix, messages + i * num_words, num_words, out.data() + i);
  for (; i < out.size(); ++i) {
    Keccak256 hash;
    hash.update(prefix);
    for (std::size_t k = 0; k < num_words; ++k) {
      std::uint8_t bytes[8];
      store_big_endian(messages[i * num_words + k], bytes);
      hash.update(bytes);
    }
    out[i] = hash.finish();
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace zkinfer
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace zkinfer {
namespace {

ZKI_SIMD_EXPORT(HashMany);
ZKI_SIMD_EXPORT(HashWords);

}  // namespace

void keccak256_many(ByteView prefix, ByteView messages, std::size_t message_bytes, std::size_t stride,
                    std::span<Digest> out) {
  if (out.empty()) return;
  ZKI_CHECK(prefix.size() < Keccak256::kRateBytes, "keccak256_many: prefix too long");
  ZKI_CHECK(messages.size() >= (out.size() - 1) * stride + message_bytes, "keccak256_many: messages too short");
  ZKI_SIMD_CALL(HashMany)(prefix, messages.data(), message_bytes, stride, out);
}

void keccak256_words(std::uint8_t prefix, std::span<const std::uint64_t> words, std::size_t num_words,
                     std::span<Digest> out) {
  ZKI_CHECK_EQ(words.size(), out.size() * num_words, "keccak256_words: words");
  ZKI_SIMD_CALL(HashWords)(prefix, words.data(), num_words, out);
}

}  // namespace zkinfer
#endif  // HWY_ONCE
