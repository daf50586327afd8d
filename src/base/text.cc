// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <array>
#include <cstdint>

namespace zkinfer {

namespace {

struct Range {
  std::uint32_t first, last;
};

// Unicode 15 characters that are not what they look like, in order: categories Cc, Cf, Zl, Zp, Zs but for the space itself,
// fillers that show nothing, variation selectors, surrogates and tags.
constexpr std::array kHidden = {
    Range{0x0000, 0x001f},   Range{0x007f, 0x00a0},   Range{0x00ad, 0x00ad},   Range{0x034f, 0x034f},
    Range{0x0600, 0x0605},   Range{0x061c, 0x061c},   Range{0x06dd, 0x06dd},   Range{0x070f, 0x070f},
    Range{0x0890, 0x0891},   Range{0x08e2, 0x08e2},   Range{0x115f, 0x1160},   Range{0x1680, 0x1680},
    Range{0x17b4, 0x17b5},   Range{0x180b, 0x180f},   Range{0x2000, 0x200f},   Range{0x2028, 0x202f},
    Range{0x205f, 0x206f},   Range{0x2800, 0x2800},   Range{0x3000, 0x3000},   Range{0x3164, 0x3164},
    Range{0xd800, 0xdfff},   Range{0xfe00, 0xfe0f},   Range{0xfeff, 0xfeff},   Range{0xffa0, 0xffa0},
    Range{0xfff0, 0xfffb},   Range{0xfffe, 0xffff},   Range{0x110bd, 0x110bd}, Range{0x110cd, 0x110cd},
    Range{0x13430, 0x1343f}, Range{0x1bca0, 0x1bca3}, Range{0x1d173, 0x1d17a}, Range{0xe0000, 0xe0fff},
};

bool is_hidden(std::uint32_t character) {
  for (const Range& range : kHidden) {
    if (character <= range.last) return character >= range.first;
  }
  return false;
}

struct Character {
  std::uint32_t value = 0;
  std::size_t num_bytes = 0;  // 0: no UTF-8
};

Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  if (text.empty()) return {};
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t num_bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < num_bytes) return {};
  std::uint32_t value = lead & (0x7fu >> num_bytes);
  for (std::size_t i = 1; i < num_bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3fu);
  }
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kLeast[num_bytes] || value > 0x10ffff) return {};
  return {value, num_bytes};
}

std::string hexadecimal(std::uint32_t value, std::size_t least_digits) {
  std::string digits;
  for (; value != 0 || digits.size() < least_digits; value >>= 4)
    digits.insert(digits.begin(), "0123456789abcdef"[value & 15]);
  return digits;
}

std::string escaped(const Character& character, std::uint8_t byte) {
  if (character.num_bytes > 1) return "\\u{" + hexadecimal(character.value, 4) + "}";
  if (byte == '\n') return "\\n";
  if (byte == '\t') return "\\t";
  if (byte == '\r') return "\\r";
  return "\\x" + hexadecimal(byte, 2);
}

std::string shown(std::string_view text, bool one_line) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character character = first_character(text);
    const std::size_t num_bytes = character.num_bytes == 0 ? 1 : character.num_bytes;
    if (one_line && text[0] == '\\') {
      out += "\\\\";
    } else if (shown_character(text) != 0 || (!one_line && text[0] == '\n')) {
      out += text.substr(0, num_bytes);
    } else {
      out += escaped(character, static_cast<std::uint8_t>(text[0]));
    }
    text.remove_prefix(num_bytes);
  }
  return out;
}

}  // namespace

std::size_t shown_character(std::string_view text) {
  const Character character = first_character(text);
  return is_hidden(character.value) ? 0 : character.num_bytes;
}

std::string printable(std::string_view text) { return shown(text, true); }
std::string printable_lines(std::string_view text) { return shown(text, false); }

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kShown = 400;
  if (text.size() <= kShown) return "'" + printable(text) + "'";
  return "'" + printable(text.substr(0, kShown / 2)) + " .. " + printable(text.substr(text.size() - kShown / 2)) + "'";
}

Status check_name(std::string_view what, std::string_view name, std::size_t max_bytes) {
  if (name.size() > max_bytes) {
    return corrupt(std::string(what) + ": a name of " + std::to_string(name.size()) + " bytes, at most " +
                   std::to_string(max_bytes) + " are allowed");
  }
  for (std::size_t i = 0; i < name.size();) {
    const std::size_t num_bytes = shown_character(name.substr(i));
    // Enough spaces look like the next line of a table.
    const bool wide = name[i] == ' ' && (i == 0 || i + 1 == name.size() || name[i + 1] == ' ');
    if (num_bytes == 0 || wide) {
      return corrupt(std::string(what) + ": the name " + in_quotes(name) + " has at byte " + std::to_string(i) +
                     " something else than printable UTF-8 with single spaces inside");
    }
    i += num_bytes;
  }
  return ok_status();
}

}  // namespace zkinfer
