// SPDX-License-Identifier: Apache-2.0
// BERT's WordPiece: from the left the longest piece that fits, those inside of a word with a prefix of their own. A word that
// cannot be made of pieces is one unknown piece.
#include <algorithm>

#include "tokenizer/utf8.h"
#include "tokenizer/vocabulary.h"

namespace zkinfer {

namespace {

class WordPieceModel : public WordModel {
 public:
  WordPieceModel(const TokenizerSpec& spec, const Vocabulary& vocabulary) : spec_(spec) {
    std::vector<ExactIndex::Entry> first, inner;
    for (const auto& [text, token] : vocabulary.entries()) {
      first.emplace_back(text, token);
      if (text.starts_with(spec.inner_prefix)) inner.emplace_back(text.substr(spec.inner_prefix.size()), token);
    }
    first_ = PrefixIndex(std::move(first));
    inner_ = PrefixIndex(std::move(inner));
  }

  Status encode(std::string_view word, std::vector<int>& tokens) const override {
    const std::size_t before = tokens.size();
    if (num_characters(word) > spec_.max_word_characters) return unknown(word, before, tokens);
    for (std::size_t at = 0; at < word.size();) {
      const auto [token, size] = (at == 0 ? first_ : inner_).longest_prefix(word.substr(at));
      if (token < 0) return unknown(word, before, tokens);
      tokens.push_back(token);
      at += size;
    }
    return ok_status();
  }

 private:
  static int num_characters(std::string_view word) {
    return static_cast<int>(std::count_if(word.begin(), word.end(), [](char c) { return (c & 0xc0) != 0x80; }));
  }
  Status unknown(std::string_view word, std::size_t before, std::vector<int>& tokens) const {
    if (!spec_.unknown)
      return invalid_argument("the tokenizer has no pieces for a word of " + std::to_string(word.size()) +
                              " bytes and none for unknown words");
    tokens.resize(before);
    tokens.push_back(*spec_.unknown);
    return ok_status();
  }

  const TokenizerSpec& spec_;
  PrefixIndex first_, inner_;
};

}  // namespace

std::unique_ptr<WordModel> make_word_piece_model(const TokenizerSpec& spec, const Vocabulary& vocabulary) {
  return std::make_unique<WordPieceModel>(spec, vocabulary);
}

}  // namespace zkinfer
