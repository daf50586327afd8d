// SPDX-License-Identifier: Apache-2.0
// The stored tokenizers as GGUF writes them: the same tokens as from their own files.
#include <bit>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "tokenizer/parts.h"
#include "tokenizer/read.h"
#include "tokenizer/tokenizer.h"

namespace zkinfer {
namespace {

Bytes stored(const std::string& name) {
  return *read_file(std::string(ZKINFER_SOURCE_DIR) + "/testdata/tokenizer/" + name, std::uint64_t{1} << 24);
}

// Metadata only.
class GgufBytes {
 public:
  void text(const std::string& key, const std::string& value) {
    entry(key, 8);
    put(value);
  }
  void number(const std::string& key, std::uint32_t value) {
    entry(key, 4);
    body_.u32(value);
  }
  void flag(const std::string& key, bool value) {
    entry(key, 7);
    body_.u8(value ? 1 : 0);
  }
  void texts(const std::string& key, const std::vector<std::string>& list) {
    entry(key, 9);
    body_.u32(8);
    body_.u64(list.size());
    for (const std::string& x : list) put(x);
  }
  void floats(const std::string& key, const std::vector<float>& list) {
    entry(key, 9);
    body_.u32(6);
    body_.u64(list.size());
    for (const float x : list) body_.u32(std::bit_cast<std::uint32_t>(x));
  }
  void integers(const std::string& key, const std::vector<int>& list) {
    entry(key, 9);
    body_.u32(5);
    body_.u64(list.size());
    for (const int x : list) body_.i32(x);
  }
  Bytes bytes() const {
    ByteWriter all;
    for (const char c : std::string_view("GGUF")) all.u8(static_cast<std::uint8_t>(c));
    all.u32(3);
    all.u64(0);
    all.u64(num_entries_);
    all.raw(body_.bytes());
    return std::move(all).take();
  }

 private:
  void put(const std::string& value) {
    body_.u64(value.size());
    body_.raw({reinterpret_cast<const std::uint8_t*>(value.data()), value.size()});
  }
  void entry(const std::string& key, std::uint32_t type) {
    put("tokenizer.ggml." + key);
    body_.u32(type);
    ++num_entries_;
  }
  ByteWriter body_;
  std::uint64_t num_entries_ = 0;
};

// As converters write the tokenizer of a file: `model` with `pre` for its words.
GgufBytes converted(const TokenizerSpec& spec, const std::string& model, const std::string& pre) {
  GgufBytes out;
  out.text("model", model);
  if (!pre.empty()) out.text("pre", pre);
  std::vector<std::string> texts, merges;
  std::vector<float> scores;
  std::vector<int> types;
  for (const Piece& piece : spec.pieces) {
    std::string text = piece.text;
    const bool is_word = model == "bert" && piece.type == PieceType::kNormal;
    if (is_word) text = text.starts_with("##") ? text.substr(2) : std::string(kSpaceSign) + text;
    texts.push_back(text);
    scores.push_back(piece.score);
    const bool is_user = piece.type == PieceType::kAdded;
    types.push_back(static_cast<int>(is_user ? PieceType::kUserDefined : piece.type));
  }
  const auto text = [&](int token) { return spec.pieces[static_cast<std::size_t>(token)].text; };
  for (const Merge& merge : spec.merges) merges.push_back(text(merge.left) + " " + text(merge.right));
  out.texts("tokens", texts);
  out.integers("token_type", types);
  if (spec.merges.empty()) out.floats("scores", scores);
  if (!spec.merges.empty()) out.texts("merges", merges);
  if (spec.unknown) out.number("unknown_token_id", static_cast<std::uint32_t>(*spec.unknown));
  if (spec.begin) out.number("bos_token_id", static_cast<std::uint32_t>(*spec.begin));
  if (spec.end) out.number("eos_token_id", static_cast<std::uint32_t>(*spec.end));
  return out;
}

struct Case {
  std::string file, model, pre;
};

class Converted : public ::testing::TestWithParam<Case> {};

TEST_P(Converted, HasTheSameTokens) {
  const auto& [file, model, pre] = GetParam();
  const Result<TokenizerSpec> spec = read_tokenizer(stored(file));
  ASSERT_TRUE(spec.ok());
  const Result<Tokenizer> tokenizer = Tokenizer::from_bytes(converted(*spec, model, pre).bytes());
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().to_string();
  const nlohmann::json expected = nlohmann::json::parse(stored("expected.json"))[file];
  ASSERT_GE(expected.size(), 15u);
  for (const auto& row : expected) {
    const auto text = row["text"].get<std::string>();
    // Here special tokens and pieces of users are read otherwise: in the text as it is.
    if (text.find("<s>") != std::string::npos || text.find("if (") != std::string::npos ||
        text.find("ngstr") != std::string::npos)
      continue;
    const Result<std::vector<int>> tokens = tokenizer->encode(text);
    ASSERT_TRUE(tokens.ok()) << tokens.status().to_string();
    EXPECT_EQ(*tokens, row["tokens"].get<std::vector<int>>()) << text;
    EXPECT_TRUE(tokenizer->decode(*tokens).ok());
  }
}

INSTANTIATE_TEST_SUITE_P(Files, Converted,
                         ::testing::Values(Case{"joined.model", "llama", ""}, Case{"gpt2.json", "gpt2", "gpt-2"},
                                           Case{"llama3.json", "gpt2", "llama-bpe"},
                                           Case{"qwen2.json", "gpt2", "qwen2"}, Case{"bert.json", "bert", ""}),
                         [](const auto& tested) { return tested.param.file.substr(0, tested.param.file.find('.')); });

TEST(GgufTokenizer, SaysWhatIsWrong) {
  const TokenizerSpec joined = *read_tokenizer(stored("joined.model")), gpt2 = *read_tokenizer(stored("gpt2.json"));
  const auto refused = [](const GgufBytes& file, const std::string& words) {
    const Result<Tokenizer> tokenizer = Tokenizer::from_bytes(file.bytes());
    ASSERT_FALSE(tokenizer.ok()) << words;
    EXPECT_NE(tokenizer.status().message().find(words), std::string::npos) << tokenizer.status().message();
  };
  refused(GgufBytes(), "holds no tokenizer");
  refused(converted(joined, "rwkv", ""), "model 'rwkv'");
  refused(converted(gpt2, "gpt2", "viking"), "named 'viking'");
  refused(converted(gpt2, "llama", ""), "without tokenizer.ggml.scores");
  GgufBytes short_types;
  short_types.text("model", "llama");
  short_types.texts("tokens", {"a", "b"});
  short_types.integers("token_type", {1});
  refused(short_types, "2 tokens, but 1 values");
  GgufBytes odd_type;
  odd_type.text("model", "llama");
  odd_type.texts("tokens", {"a", "b"});
  odd_type.integers("token_type", {1, 9});
  refused(odd_type, "token 1 is of a type");
  GgufBytes bad_merge;
  bad_merge.text("model", "gpt2");
  bad_merge.text("pre", "gpt-2");
  bad_merge.texts("tokens", {"a", "b"});
  bad_merge.texts("merges", {"a b"});
  refused(bad_merge, "merge 0 is 'a b'");
  // A token that the metadata names and the vocabulary has not is none.
  GgufBytes far = converted(joined, "llama", "");
  far.number("eot_token_id", 100000);
  const Result<Tokenizer> tokenizer = Tokenizer::from_bytes(far.bytes());
  ASSERT_TRUE(tokenizer.ok());
  EXPECT_EQ(tokenizer->end_tokens(), (std::vector<int>{2}));
}

}  // namespace
}  // namespace zkinfer
