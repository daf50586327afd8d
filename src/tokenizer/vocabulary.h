// SPDX-License-Identifier: Apache-2.0
// The pieces of a tokenizer as its model looks for them, and the model: what turns one word into pieces.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/index.h"
#include "tokenizer/spec.h"

namespace zkinfer {

// Stays where it is: its indices refer to the texts.
class Vocabulary {
 public:
  explicit Vocabulary(const TokenizerSpec& spec);
  Vocabulary(const Vocabulary&) = delete;
  Vocabulary& operator=(const Vocabulary&) = delete;

  std::size_t size() const { return texts_.size(); }
  // What the piece is in a word: the text of the file, or with the byte alphabet the bytes it stands for.
  const std::string& text(int token) const { return texts_[static_cast<std::size_t>(token)]; }
  // -1: none. Only pieces that text can become: no control pieces, no bytes of the fallback.
  int find(std::string_view text) const { return exact_.find(text); }
  std::size_t longest() const { return exact_.longest(); }
  // The pieces that text can become.
  const std::vector<ExactIndex::Entry>& entries() const { return entries_; }

  // Adds what stands for a character that is no piece: its bytes, or the unknown piece. Unknown neighbours are one where the
  // tokenizer says so: was_unknown tells of the last one.
  Status append_unknown(std::string_view character, bool& was_unknown, std::vector<int>& tokens) const;

 private:
  std::vector<std::string> texts_;
  std::vector<ExactIndex::Entry> entries_;
  ExactIndex exact_;
  std::array<int, 256> byte_tokens_;  // -1: none
  int unknown_ = -1;
  bool byte_fallback_ = false, fuse_unknown_ = false;
};

// GPT-2's alphabet, in which any bytes are printable characters: the bytes that `text` stands for. false: it holds others.
bool from_byte_alphabet(std::string_view text, std::string& bytes);
// "<0x0A>" -> 10; -1: no such text.
int byte_of_piece(std::string_view text);

class WordModel {
 public:
  virtual ~WordModel() = default;
  // Appends the tokens of a word.
  virtual Status encode(std::string_view word, std::vector<int>& tokens) const = 0;
};

// Both refer to their arguments, which stay.
std::unique_ptr<WordModel> make_joining_model(const TokenizerSpec& spec, const Vocabulary& vocabulary);
std::unique_ptr<WordModel> make_unigram_model(const TokenizerSpec& spec, const Vocabulary& vocabulary);
std::unique_ptr<WordModel> make_word_piece_model(const TokenizerSpec& spec, const Vocabulary& vocabulary);

}  // namespace zkinfer
