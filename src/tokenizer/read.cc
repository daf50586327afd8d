// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/read.h"

#include <algorithm>

#include "tokenizer/read_gguf.h"

namespace zkinfer {

namespace {

// After whitespace; a newline is also the first byte of sentencepiece's.
bool begins_with_brace(ByteView bytes) {
  const auto first = std::find_if(bytes.begin(), bytes.end(),
                                  [](std::uint8_t c) { return c != ' ' && c != '\t' && c != '\r' && c != '\n'; });
  return first != bytes.end() && *first == '{' && static_cast<std::size_t>(first - bytes.begin()) + 1 < bytes.size();
}

}  // namespace

Result<TokenizerSpec> read_tokenizer(ByteView bytes) {
  if (bytes.empty()) return corrupt("the file is empty");
  // Before sentencepiece's, which could begin with the same byte: its sizes have to fit to the last byte.
  if (is_llama2c_tokenizer(bytes)) return read_llama2c_tokenizer(bytes);
  constexpr std::uint8_t kFirstField = 10;  // a piece
  if (bytes[0] == kFirstField && !begins_with_brace(bytes)) return read_sentencepiece(bytes);
  if (begins_with_brace(bytes)) return read_huggingface(bytes);
  constexpr std::string_view kMagic = frontend_language::kGgufMagic;
  if (bytes.size() > kMagic.size() && std::equal(kMagic.begin(), kMagic.end(), bytes.begin())) {
    Result<frontend_language::Gguf> file = frontend_language::read_gguf(frontend_language::Source::borrowed(bytes));
    if (!file.ok()) return file.status().with_context("GGUF");
    return read_gguf_tokenizer(*file);
  }
  return unsupported(
      "no tokenizer that is known; expected Hugging Face's tokenizer.json, sentencepiece's tokenizer.model, GGUF or "
      "llama2.c's tokenizer.bin");
}

}  // namespace zkinfer
