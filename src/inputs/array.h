// SPDX-License-Identifier: Apache-2.0
// What an input file holds before a model's shapes are known, and the limits that every reader keeps.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace zkinfer {

// Largest file read and largest number of elements made from one file (also after decompression).
inline constexpr std::uint64_t kMaxInputBytes = std::uint64_t{1} << 30;
inline constexpr std::uint64_t kMaxInputElements = std::uint64_t{1} << 28;

// What compressed data may grow to: a small file must not make a large one in memory.
constexpr std::uint64_t max_plain_bytes(std::uint64_t compressed_bytes) {
  constexpr std::uint64_t kAlways = std::uint64_t{1} << 26;
  constexpr std::uint64_t kRatio = 100;
  if (compressed_bytes > kMaxInputBytes / kRatio) return kMaxInputBytes;
  return std::max(kAlways, kRatio * compressed_bytes);
}

enum class ArrayKind : std::uint8_t {
  kNumbers,  // taken as they are
  kLevels,   // grey or colour levels 0..255 of a picture (uint8): scaled by 1/255 unless told otherwise
};

// Row-major. A decoded picture has shape [height, width, channels].
struct Array {
  std::string name;  // of an .npz entry; empty otherwise
  std::vector<std::int64_t> shape;
  std::vector<float> data;
  ArrayKind kind = ArrayKind::kNumbers;
  bool is_picture = false;  // [height, width, channels] of one picture
};

}  // namespace zkinfer
