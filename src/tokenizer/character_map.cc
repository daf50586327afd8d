// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/character_map.h"

#include "base/bytes.h"

namespace zkinfer {

namespace {

// A unit: the label that leads to it (with a flag that only values have), whether a value stands behind it, and where its
// followers are, in steps of 1 or 256.
std::uint32_t label(std::uint32_t unit) { return unit & 0x800000ffu; }
bool has_value(std::uint32_t unit) { return (unit >> 8 & 1) != 0; }
std::uint32_t offset(std::uint32_t unit) { return unit >> 10 << ((unit & 0x200u) >> 6); }
std::uint32_t value(std::uint32_t unit) { return unit & 0x7fffffffu; }

}  // namespace

Result<CharacterMap> CharacterMap::make(std::string_view bytes) {
  ByteReader reader({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  const std::uint32_t num_bytes = reader.u32();
  if (!reader.ok() || num_bytes % 4 != 0 || num_bytes == 0 || num_bytes > reader.remaining())
    return corrupt("the map of characters has " + std::to_string(bytes.size()) + " bytes and a trie of " +
                   std::to_string(num_bytes));
  CharacterMap map;
  map.units_.resize(num_bytes / 4);
  for (std::uint32_t& unit : map.units_) unit = reader.u32();
  const ByteView texts = reader.raw(reader.remaining());
  map.texts_.assign(texts.begin(), texts.end());
  // The last text ends.
  map.texts_ += '\0';
  return map;
}

CharacterMap::Match CharacterMap::match(std::string_view text, bool first) const {
  Match best;
  std::uint32_t at = offset(units_[0]);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    at ^= byte;
    if (at >= units_.size() || label(units_[at]) != byte) break;
    const std::uint32_t unit = units_[at];
    at ^= offset(unit);
    if (!has_value(unit)) continue;
    if (at >= units_.size()) break;
    const std::uint32_t start = value(units_[at]);
    if (start >= texts_.size()) break;
    best = {i + 1, std::string_view(texts_.c_str() + start)};
    if (first) break;
  }
  return best;
}

}  // namespace zkinfer
