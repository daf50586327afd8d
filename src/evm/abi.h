// SPDX-License-Identifier: Apache-2.0
// The words of a contract's call, as abi.encode writes them.
#pragma once

#include <optional>

#include "evm/append.h"

namespace zkinfer::evm {

inline constexpr std::size_t kWord = 32;

// At most a word, zeros before it.
inline void append_word(Bytes& out, ByteView bytes) {
  out.insert(out.end(), kWord - bytes.size(), 0);
  append(out, bytes);
}
inline void append_word(Bytes& out, std::uint64_t number) {
  out.insert(out.end(), kWord - 8, 0);
  append_integer(out, number, 8);
}

inline std::uint64_t padded_size(std::uint64_t size) { return (size + kWord - 1) / kWord * kWord; }
// Of `bytes`: length, bytes, and zeros up to a whole word.
inline void append_padded(Bytes& out, ByteView bytes) {
  append_word(out, bytes.size());
  append(out, bytes);
  out.insert(out.end(), padded_size(bytes.size()) - bytes.size(), 0);
}
// Where the `bytes` behind one of this size begins.
inline std::uint64_t behind(std::uint64_t offset, ByteView bytes) { return offset + kWord + padded_size(bytes.size()); }

// The word at this place, where it is there and below 2^32.
inline std::optional<std::uint64_t> word_at(ByteView words, std::uint64_t at) {
  if (at > words.size() || words.size() - at < kWord) return {};
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < kWord; ++i) {
    if (i < kWord - 4 && words[at + i] != 0) return {};
    number = number << 8 | words[at + i];
  }
  return number;
}

}  // namespace zkinfer::evm
