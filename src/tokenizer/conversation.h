// SPDX-License-Identifier: Apache-2.0
// Prompts as the tokens that a model is given, and its answers as text that hides nothing.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace zkinfer {

// The tokens of a text that a model goes on with: what ends a text, which the model may want behind one, is left out. Of read_special as of
// EncodeOptions. invalid_argument: as of encode, or no token at all.
Result<std::vector<std::int64_t>> prompt_tokens(const Tokenizer& tokenizer, std::string_view text, bool read_special);

// Of one that stands behind other texts: without the tokens that begin and end one.
Result<std::vector<std::int64_t>> continued_tokens(const Tokenizer& tokenizer, std::string_view text,
                                                   bool read_special);

// What is known of the tokens that a model takes: its input's range.
struct KnownTokens {
  std::int64_t lo = 0, hi = 0;
};
// Has the tokenizer a piece for each token of the model, and no more? invalid_argument where it makes tokens that the model does not know: then it
// is another model's. Where the model knows more, a sentence for people, who should make sure; else empty. `name`: how messages call the tokenizer.
Result<std::string> vocabulary_warning(const Tokenizer& tokenizer, const std::string& name, const KnownTokens& tokens);

// Whether the token ends a text.
bool is_end(const Tokenizer& tokenizer, std::int64_t token);
// Whole characters of UTF-8; special tokens are shown too, tokens that the tokenizer does not know as "<573>".
std::string tokens_text(const Tokenizer& tokenizer, std::span<const std::int64_t> tokens, bool continues);

}  // namespace zkinfer
