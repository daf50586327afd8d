// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/conversation.h"

#include <algorithm>

namespace zkinfer {

Result<std::vector<std::int64_t>> prompt_tokens(const Tokenizer& tokenizer, std::string_view text, bool read_special) {
  ZKI_ASSIGN_OR_RETURN(std::vector<int> tokens, tokenizer.encode(text, {true, read_special}));
  // What ends a text would end the answer before it begins.
  while (tokens.size() > 1 && is_end(tokenizer, tokens.back()) && tokens.back() != tokenizer.begin()) tokens.pop_back();
  if (tokens.empty())
    return invalid_argument("the prompt is an empty text, and the model has no token that begins one");
  return std::vector<std::int64_t>(tokens.begin(), tokens.end());
}

Result<std::vector<std::int64_t>> continued_tokens(const Tokenizer& tokenizer, std::string_view text,
                                                   bool read_special) {
  ZKI_ASSIGN_OR_RETURN(const std::vector<int> tokens, tokenizer.encode(text, {false, read_special}));
  if (tokens.empty()) return invalid_argument("the prompt is an empty text; give what the turn begins with");
  return std::vector<std::int64_t>(tokens.begin(), tokens.end());
}

Result<std::string> vocabulary_warning(const Tokenizer& tokenizer, const std::string& name, const KnownTokens& tokens) {
  constexpr std::int64_t kMostTokens = std::int64_t{1} << 40;  // beyond, the input says nothing of a vocabulary
  const std::int64_t known = tokens.hi + 1;
  const std::int64_t pieces = tokenizer.size();
  if (tokens.lo > 0 || known <= 1 || known > kMostTokens || pieces == known) return std::string();
  const std::string what =
      name + " has " + std::to_string(pieces) + " pieces, and the model knows " + std::to_string(known) + " tokens: ";
  if (pieces > known) return invalid_argument(what + "it is another model's; give the one that this model comes with");
  return what + "if it is another model's, tokens mean other texts";
}

bool is_end(const Tokenizer& tokenizer, std::int64_t token) {
  return std::ranges::find(tokenizer.end_tokens(), token) != tokenizer.end_tokens().end();
}

std::string tokens_text(const Tokenizer& tokenizer, std::span<const std::int64_t> tokens, bool continues) {
  // Special tokens too: a text that leaves out where a role begins or an answer ends says something else.
  // But for the one that begins every text.
  TextStream stream(tokenizer, {true, continues});
  std::string out;
  if (!continues && !tokens.empty() && tokenizer.begin() == tokens.front()) tokens = tokens.subspan(1);
  for (const std::int64_t token : tokens) {
    const bool known = token >= 0 && token < tokenizer.size();
    const Result<std::string> piece = known ? stream.push(static_cast<int>(token)) : invalid_argument("");
    out += piece.ok() ? *piece : stream.finish() + "<" + std::to_string(token) + ">";
  }
  return out + stream.finish();
}

}  // namespace zkinfer
