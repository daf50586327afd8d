// SPDX-License-Identifier: Apache-2.0
// UTF-8, byte by byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace zkinfer {

struct Utf8Character {
  std::uint32_t value = 0;
  std::size_t num_bytes = 0;  // 0: no shortest UTF-8 of a character, or the end
  bool unfinished = false;    // more bytes could make it one
};

// What `text` begins with.
Utf8Character first_utf8(std::string_view text);
// The offset of the first byte that is no UTF-8; text.size() if all is.
std::size_t valid_utf8_bytes(std::string_view text);
void append_utf8(std::string& text, std::uint32_t character);

// Text that comes in parts which may end inside of a character, as tokens do.
class Utf8Stream {
 public:
  // The whole characters there are by now. What can be none becomes U+FFFD.
  std::string push(std::string_view bytes);
  // What was left: U+FFFD for an unfinished character.
  std::string finish();

 private:
  std::string take(bool last);
  std::string held_;
};

}  // namespace zkinfer
