// SPDX-License-Identifier: Apache-2.0
// Blocks of GGUF's quantized types, as ggml publishes them: q numbers of few bits, and scales.
#include <array>
#include <cstring>

#include "base/half.h"
#include "frontend/language/gguf.h"

namespace zkinfer::frontend_language {

namespace {

using Block = const std::uint8_t*;

float half_at(Block at) {
  std::uint16_t bits = 0;
  std::memcpy(&bits, at, sizeof bits);
  return half_to_float(bits);
}

int signed_byte(Block at) { return static_cast<std::int8_t>(*at); }

// Blocks of 32: nibble i of 16 bytes, the low ones first.
constexpr int kSmall = 32;
int nibble(Block bytes, int i) { return i < 16 ? bytes[i] & 15 : bytes[i - 16] >> 4; }
int bit(Block bytes, int i) { return bytes[i / 8] >> (i % 8) & 1; }

// d (q - middle), or d q + m where there is a minimum behind the scale; the fifth bits of all before the nibbles.
template <bool five_bits, bool has_minimum>
void decode_small(Block block, float* out) {
  const float scale = half_at(block);
  const float minimum = has_minimum ? half_at(block + 2) : 0;
  const Block fifth = block + (has_minimum ? 4 : 2);
  const Block nibbles = fifth + (five_bits ? 4 : 0);
  constexpr int kMiddle = has_minimum ? 0 : five_bits ? 16 : 8;
  for (int i = 0; i < kSmall; ++i) {
    const int q = nibble(nibbles, i) + (five_bits ? 16 * bit(fifth, i) : 0) - kMiddle;
    out[i] = scale * static_cast<float>(q) + minimum;
  }
}

void decode_q8_0(Block block, float* out) {
  const float scale = half_at(block);
  for (int i = 0; i < kSmall; ++i) out[i] = scale * static_cast<float>(signed_byte(block + 2 + i));
}

// Blocks of 256: eight runs of 32, each with a scale and a minimum of 6 bits, in 12 bytes.
constexpr int kLarge = 256;
struct RunScale {
  int scale, minimum;
};
RunScale run_scale(Block packed, int run) {
  if (run < 4) return {packed[run] & 63, packed[run + 4] & 63};
  const int low = packed[run + 4];
  return {(low & 15) + ((packed[run - 4] >> 6) << 4), (low >> 4) + ((packed[run] >> 6) << 4)};
}

template <bool five_bits>
void decode_k(Block block, float* out) {
  const float scale = half_at(block);
  const float minimum = half_at(block + 2);
  const Block packed = block + 4;
  const Block fifth = packed + 12;
  const Block nibbles = fifth + (five_bits ? 32 : 0);
  for (int run = 0; run < 8; ++run) {
    const RunScale s = run_scale(packed, run);
    const float step = scale * static_cast<float>(s.scale);
    const float base = minimum * static_cast<float>(s.minimum);
    for (int i = 0; i < 32; ++i) {
      const int byte = nibbles[32 * (run / 2) + i];
      int q = run % 2 == 0 ? byte & 15 : byte >> 4;
      if constexpr (five_bits) q += 16 * (fifth[i] >> run & 1);
      out[32 * run + i] = step * static_cast<float>(q) - base;
    }
  }
}

// Two halves of 128, each of four runs of 32: 4 low bits, 2 high bits, a scale for each 16.
void decode_q6_k(Block block, float* out) {
  const Block scales = block + 192;
  const float scale = half_at(block + 208);
  for (int i = 0; i < kLarge; ++i) {
    const int half = i / 128, run = i % 128 / 32, at = i % 32;
    const int low = block[64 * half + 32 * (run % 2) + at];
    const int high = block[128 + 32 * half + at];
    const int q = (run < 2 ? low & 15 : low >> 4) + 16 * (high >> (2 * run) & 3) - 32;
    out[i] = scale * static_cast<float>(signed_byte(scales + i / 16)) * static_cast<float>(q);
  }
}

template <int elements, int bytes, void (*decode)(Block, float*)>
void decode_all(Block blocks, std::size_t count, float* out) {
  for (std::size_t i = 0; i < count; ++i) decode(blocks + i * bytes, out + i * elements);
}

template <int elements, int bytes, void (*decode)(Block, float*)>
constexpr Packing packing(std::string_view name) {
  return {name, elements, bytes, decode_all<elements, bytes, decode>};
}

constexpr Packing kQ4_0 = packing<kSmall, 18, decode_small<false, false>>("Q4_0");
constexpr Packing kQ4_1 = packing<kSmall, 20, decode_small<false, true>>("Q4_1");
constexpr Packing kQ5_0 = packing<kSmall, 22, decode_small<true, false>>("Q5_0");
constexpr Packing kQ5_1 = packing<kSmall, 24, decode_small<true, true>>("Q5_1");
constexpr Packing kQ8_0 = packing<kSmall, 34, decode_q8_0>("Q8_0");
constexpr Packing kQ4_K = packing<kLarge, 144, decode_k<false>>("Q4_K");
constexpr Packing kQ5_K = packing<kLarge, 176, decode_k<true>>("Q5_K");
constexpr Packing kQ6_K = packing<kLarge, 210, decode_q6_k>("Q6_K");

}  // namespace

const Packing* gguf_packing(std::uint32_t type) {
  switch (type) {
    case 0: return &kF32;
    case 1: return &kF16;
    case 2: return &kQ4_0;
    case 3: return &kQ4_1;
    case 6: return &kQ5_0;
    case 7: return &kQ5_1;
    case 8: return &kQ8_0;
    case 12: return &kQ4_K;
    case 13: return &kQ5_K;
    case 14: return &kQ6_K;
    case 30: return &kBF16;
    default: return nullptr;
  }
}

std::string gguf_type_name(std::uint32_t type) {
  constexpr std::array<std::string_view, 31> kNames{
      "F32",   "F16",    "Q4_0", "Q4_1", "",     "",        "Q5_0",   "Q5_1",    "Q8_0",  "Q8_1",   "Q2_K",
      "Q3_K",  "Q4_K",   "Q5_K", "Q6_K", "Q8_K", "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S",
      "IQ2_S", "IQ4_XS", "I8",   "I16",  "I32",  "I64",     "F64",    "IQ1_M",   "BF16"};
  if (type < kNames.size() && !kNames[type].empty()) return std::string(kNames[type]);
  return std::to_string(type);
}

}  // namespace zkinfer::frontend_language
