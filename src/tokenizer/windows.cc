// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/windows.h"

#include <algorithm>

namespace zkinfer {

Result<TokenWindows> token_windows(const Tokenizer& tokenizer, std::string_view text, std::size_t tokens,
                                   std::size_t most) {
  const std::size_t ends = tokenizer.before().size() + tokenizer.behind().size();
  if (tokens <= ends)
    return invalid_argument("windows of " + std::to_string(tokens) +
                            " tokens hold none of the text: the tokenizer puts " + std::to_string(ends) +
                            " around each");
  ZKI_ASSIGN_OR_RETURN(const std::vector<int> all, tokenizer.encode(text, {false, false}));
  const std::size_t step = tokens - ends;
  TokenWindows windows;
  windows.tokens = tokens;
  windows.count = std::min(all.size() / step, most);
  if (windows.count == 0)
    return out_of_range("the text has " + std::to_string(all.size()) + " tokens, fewer than the " +
                        std::to_string(step) + " of a window; give more text or smaller windows");
  windows.left_out = all.size() - windows.count * step;
  windows.values.reserve(windows.count * tokens);
  const auto add = [&](auto begin, auto end) { windows.values.insert(windows.values.end(), begin, end); };
  for (std::size_t i = 0; i < windows.count; ++i) {
    add(tokenizer.before().begin(), tokenizer.before().end());
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(i * step);
    add(begin, begin + static_cast<std::ptrdiff_t>(step));
    add(tokenizer.behind().begin(), tokenizer.behind().end());
  }
  return windows;
}

}  // namespace zkinfer
