// SPDX-License-Identifier: Apache-2.0
// sentencepiece's compiled map of characters (precompiled_charsmap): the size of a trie in bytes, a double-array trie of 32-bit
// units (Darts), and texts that end with a zero byte, which the trie's values are offsets of. Every step in it is checked:
// what leads out of the array leads nowhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "zkinfer/status.h"

namespace zkinfer {

class CharacterMap {
 public:
  static Result<CharacterMap> make(std::string_view bytes);

  struct Match {
    std::size_t num_bytes = 0;  // 0: none
    std::string_view with;
  };
  // What `text` begins with and the map knows.
  Match longest(std::string_view text) const { return match(text, false); }
  Match shortest(std::string_view text) const { return match(text, true); }

 private:
  Match match(std::string_view text, bool first) const;
  std::vector<std::uint32_t> units_;
  std::string texts_;
};

}  // namespace zkinfer
