// SPDX-License-Identifier: Apache-2.0
// A text as inputs of a language model that takes a fixed number of tokens: what it is calibrated and measured on.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace zkinfer {

struct TokenWindows {
  std::size_t count = 0, tokens = 0;
  std::vector<std::int64_t> values;  // [count, tokens]
  std::size_t left_out = 0;          // tokens of the text behind the last window
};

// Windows one behind the other, each within the tokens that the model wants before and behind a text; at most so many.
// Special tokens that the text holds are text. out_of_range: the text has fewer tokens than one window.
Result<TokenWindows> token_windows(const Tokenizer& tokenizer, std::string_view text, std::size_t tokens,
                                   std::size_t most = SIZE_MAX);

}  // namespace zkinfer
