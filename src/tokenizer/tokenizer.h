// SPDX-License-Identifier: Apache-2.0
// Text to the tokens that language models compute with, and back. Reads the files that models come with: llama2.c's
// tokenizer.bin, sentencepiece's tokenizer.model, Hugging Face's tokenizer.json, GGUF. Total on arbitrary files and texts: no file
// makes it crash or, beyond a deadline of seconds, hang.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/spec.h"
#include "tokenizer/utf8.h"

namespace zkinfer {

struct EncodeOptions {
  bool with_ends = true;  // the tokens that the model wants before and behind a text
  // Special tokens that are written in the text ("<|endoftext|>") are read as such. Off for text of strangers.
  bool read_special = true;
};

struct DecodeOptions {
  bool with_special = false;  // special tokens as text; else they are left out
  bool continues = false;     // the tokens go on after others: a first space stays
};

class Tokenizer {
 public:
  static constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 27;
  static constexpr std::size_t kMaxTextBytes = std::size_t{1} << 28;

  // What a file is, its first bytes and structure say.
  static Result<Tokenizer> read(const std::string& path);
  static Result<Tokenizer> from_bytes(ByteView bytes);
  static Result<Tokenizer> make(TokenizerSpec spec);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;

  // invalid_argument: no UTF-8, or characters that the vocabulary has no token for.
  Result<std::vector<int>> encode(std::string_view text, const EncodeOptions& options = {}) const;
  // The bytes of the text: where byte tokens are cut off inside of a character, no UTF-8 (Utf8Stream). invalid_argument: a token
  // that is none.
  Result<std::string> decode(std::span<const int> tokens, const DecodeOptions& options = {}) const;

  int size() const;                         // tokens are 0 .. size() - 1
  std::string_view piece(int token) const;  // as the file writes it
  bool is_special(int token) const;
  std::optional<int> begin() const;            // the token that begins a sequence ("bos")
  std::optional<int> end() const;              // the token that ends one ("eos")
  const std::vector<int>& end_tokens() const;  // any of them ends an answer
  const std::vector<int>& before() const;      // what is put before a text, and behind it
  const std::vector<int>& behind() const;
  const std::string& format() const;    // for people: "sentencepiece model"
  std::string_view model_name() const;  // for people: "byte-pair encoding by scores"
  // SHA-256 of the canonical bytes of all that encoding and decoding depend on (spec.h).
  const Digest& digest() const;

 private:
  friend class TextStream;
  struct Parts;
  // Whether the next token is no longer the first one, after this one with its text.
  bool ends_start(int token, std::string_view text) const;
  explicit Tokenizer(std::unique_ptr<const Parts> parts);
  std::unique_ptr<const Parts> parts_;
};

// Text that comes token by token, as whole characters.
class TextStream {
 public:
  explicit TextStream(const Tokenizer& tokenizer, const DecodeOptions& options = {})
      : tokenizer_(tokenizer), options_(options) {}
  // What can be shown now.
  Result<std::string> push(int token);
  std::string finish() { return utf8_.finish(); }

 private:
  const Tokenizer& tokenizer_;
  DecodeOptions options_;
  Utf8Stream utf8_;
};

}  // namespace zkinfer
