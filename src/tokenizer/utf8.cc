// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/utf8.h"

namespace zkinfer {

namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

// The second byte's range keeps out what is not shortest, surrogates and what is beyond U+10FFFF.
struct Lead {
  std::size_t num_bytes = 0;
  std::uint8_t least = 0x80, most = 0xbf;
};

Lead lead_of(std::uint8_t byte) {
  if (byte < 0xc2 || byte > 0xf4) return {};
  if (byte < 0xe0) return {2};
  if (byte == 0xe0) return {3, 0xa0};
  if (byte == 0xed) return {3, 0x80, 0x9f};
  if (byte < 0xf0) return {3};
  if (byte == 0xf0) return {4, 0x90};
  if (byte == 0xf4) return {4, 0x80, 0x8f};
  return {4};
}

}  // namespace

Utf8Character first_utf8(std::string_view text) {
  if (text.empty()) return {0, 0, true};
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  if (byte(0) < 0x80) return {byte(0), 1, false};
  const Lead lead = lead_of(byte(0));
  if (lead.num_bytes == 0) return {};
  std::uint32_t value = byte(0) & (0x7fu >> lead.num_bytes);
  for (std::size_t i = 1; i < lead.num_bytes; ++i) {
    if (i == text.size()) return {0, 0, true};
    const bool fits = i == 1 ? byte(1) >= lead.least && byte(1) <= lead.most : (byte(i) & 0xc0) == 0x80;
    if (!fits) return {};
    value = value << 6 | (byte(i) & 0x3fu);
  }
  return {value, lead.num_bytes, false};
}

std::size_t valid_utf8_bytes(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t num_bytes = first_utf8(text.substr(at)).num_bytes;
    if (num_bytes == 0) break;
    at += num_bytes;
  }
  return at;
}

void append_utf8(std::string& text, std::uint32_t c) {
  if (c < 0x80) {
    text += static_cast<char>(c);
    return;
  }
  const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  constexpr std::uint32_t kLeads[] = {0, 0xc0, 0xe0, 0xf0};
  text += static_cast<char>(kLeads[more] | c >> (6 * more));
  for (int i = more - 1; i >= 0; --i) text += static_cast<char>(0x80 | (c >> (6 * i) & 0x3f));
}

std::string Utf8Stream::take(bool last) {
  std::string out;
  std::string_view rest = held_;
  while (!rest.empty()) {
    const Utf8Character character = first_utf8(rest);
    if (character.num_bytes > 0) {
      out += rest.substr(0, character.num_bytes);
      rest.remove_prefix(character.num_bytes);
      continue;
    }
    if (character.unfinished && !last) break;
    out += kReplacement;
    // One sign for the whole part of a character that was begun well, as decoders do (Unicode 15, section 3.9).
    std::size_t begun = 1;
    while (begun < rest.size() && first_utf8(rest.substr(0, begun + 1)).unfinished) ++begun;
    rest.remove_prefix(begun);
  }
  held_ = std::string(rest);
  return out;
}

std::string Utf8Stream::push(std::string_view bytes) {
  held_ += bytes;
  return take(false);
}

std::string Utf8Stream::finish() { return take(true); }

}  // namespace zkinfer
