// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/tokenizer.h"

#include <bit>
#include <chrono>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "tokenizer/read.h"
#include "tokenizer/windows.h"

namespace zkinfer {
namespace {

Bytes stored(const std::string& name) {
  Result<Bytes> bytes =
      read_file(std::string(ZKINFER_SOURCE_DIR) + "/testdata/tokenizer/" + name, std::uint64_t{1} << 24);
  EXPECT_TRUE(bytes.ok()) << bytes.status().to_string();
  return bytes.ok() ? std::move(*bytes) : Bytes();
}

Tokenizer tokenizer_of(const std::string& name) {
  Result<Tokenizer> tokenizer = Tokenizer::from_bytes(stored(name));
  EXPECT_TRUE(tokenizer.ok()) << name << ": " << tokenizer.status().to_string();
  return std::move(tokenizer).value();
}

std::vector<std::string> stored_names() {
  const Bytes bytes = stored("expected.json");
  std::vector<std::string> names;
  const nlohmann::json expected = nlohmann::json::parse(bytes);
  for (const auto& [name, rows] : expected.items()) names.push_back(name);
  return names;
}

class Stored : public ::testing::TestWithParam<std::string> {};

// What sentencepiece, Hugging Face's tokenizers and llama2.c's rule make of the same texts (testdata/tokenizer/make.py).
TEST_P(Stored, AnswersAsTheLibrariesDo) {
  const Tokenizer tokenizer = tokenizer_of(GetParam());
  const nlohmann::json expected = nlohmann::json::parse(stored("expected.json"));
  ASSERT_GE(expected[GetParam()].size(), 15u);
  for (const auto& row : expected[GetParam()]) {
    const auto text = row["text"].get<std::string>();
    const Result<std::vector<int>> tokens = tokenizer.encode(text);
    ASSERT_TRUE(tokens.ok()) << text << ": " << tokens.status().to_string();
    EXPECT_EQ(*tokens, row["tokens"].get<std::vector<int>>()) << text;
    if (!row.contains("decoded")) continue;
    const Result<std::string> bytes = tokenizer.decode(row["tokens"].get<std::vector<int>>());
    ASSERT_TRUE(bytes.ok());
    Utf8Stream characters;
    const std::string decoded = characters.push(*bytes);
    EXPECT_EQ(decoded + characters.finish(), row["decoded"].get<std::string>());
  }
}

// Token by token is the same text, and every part is whole characters.
TEST_P(Stored, StreamsWholeCharacters) {
  const Tokenizer tokenizer = tokenizer_of(GetParam());
  const std::string text = "na\xc3\xafve \xf0\x9f\x98\x80\xe4\xb8\xad proof of \xd8\xb9";
  const Result<std::vector<int>> tokens = tokenizer.encode(text);
  ASSERT_TRUE(tokens.ok());
  TextStream stream(tokenizer);
  std::string all;
  for (const int token : *tokens) {
    const Result<std::string> part = stream.push(token);
    ASSERT_TRUE(part.ok());
    EXPECT_EQ(valid_utf8_bytes(*part), part->size());
    all += *part;
  }
  all += stream.finish();
  EXPECT_EQ(all, *tokenizer.decode(*tokens));
}

// No change of a file's bytes does more than make it another tokenizer, or none.
TEST_P(Stored, DamagedFilesAreAnswered) {
  const Bytes whole = stored(GetParam());
  std::uint64_t random = 88172645463325252;
  const auto next = [&] {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    return random;
  };
  int read = 0;
  for (int run = 0; run < 300; ++run) {
    Bytes bytes = whole;
    if (run % 3 == 0) bytes.resize(next() % bytes.size());
    // Text that stays text gets farther.
    const bool is_text = run % 3 == 1;
    for (int edits = 0; edits < (is_text ? 1 : 3) && !bytes.empty(); ++edits)
      bytes[next() % bytes.size()] = static_cast<std::uint8_t>(is_text ? ' ' + next() % 95 : next());
    const Result<Tokenizer> tokenizer = Tokenizer::from_bytes(bytes);
    if (!tokenizer.ok()) {
      EXPECT_NE(tokenizer.status().code(), StatusCode::kInternal) << tokenizer.status().to_string();
      continue;
    }
    ++read;
    const Result<std::vector<int>> tokens = tokenizer->encode("a proof, na\xc3\xafve <s>  \xf0\x9f\x98\x80");
    if (tokens.ok()) {
      EXPECT_TRUE(tokenizer->decode(*tokens).ok());
    }
  }
  EXPECT_GT(read, 0);
}

INSTANTIATE_TEST_SUITE_P(Files, Stored, ::testing::ValuesIn(stored_names()), [](const auto& tested) {
  std::string name = tested.param;
  for (char& c : name)
    if (c == '.' || c == '-') c = '_';
  return name;
});

TokenizerSpec small_spec() {
  TokenizerSpec spec;
  spec.kind = ModelKind::kScores;
  spec.pieces = {{"<unk>", 0, PieceType::kUnknown}, {"a", -3}, {"b", -4}, {"ab", -1}, {"aba", -2}};
  spec.unknown = 0;
  spec.fuse_unknown = true;
  return spec;
}

TEST(Tokenizer, JoinsTheBestNeighboursFirst) {
  const Result<Tokenizer> tokenizer = Tokenizer::make(small_spec());
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().to_string();
  EXPECT_EQ(*tokenizer->encode("abaab"), (std::vector<int>{4, 3}));
  EXPECT_EQ(*tokenizer->encode("abab"), (std::vector<int>{3, 3}));
  EXPECT_EQ(*tokenizer->encode("axyb"), (std::vector<int>{1, 0, 2}));
  EXPECT_EQ(*tokenizer->encode(""), (std::vector<int>{}));
}

TEST(Tokenizer, SaysWhatIsWrong) {
  const auto refused = [](auto change, const std::string& words) {
    TokenizerSpec spec = small_spec();
    change(spec);
    const Result<Tokenizer> tokenizer = Tokenizer::make(std::move(spec));
    ASSERT_FALSE(tokenizer.ok()) << words;
    EXPECT_NE(tokenizer.status().message().find(words), std::string::npos) << tokenizer.status().message();
  };
  refused([](TokenizerSpec& s) { s.pieces.clear(); }, "vocabulary is empty");
  refused([](TokenizerSpec& s) { s.pieces[1].score = std::numeric_limits<float>::quiet_NaN(); }, "no number");
  refused([](TokenizerSpec& s) { s.pieces[1].text = std::string(kMaxPieceBytes + 1, 'x'); }, "at most 1024");
  refused([](TokenizerSpec& s) { s.begin = 5; }, "the beginning is token 5, but there are 5");
  refused([](TokenizerSpec& s) { s.end = -1; }, "the end is token -1");
  refused([](TokenizerSpec& s) { s.merges = {{0, 1, 7}}; }, "merge 0 is token 7");
  refused([](TokenizerSpec& s) { s.before = {9}; }, "around texts is token 9");
  refused([](TokenizerSpec& s) { s.added.push_back({1, "\xff"}); }, "bytes of UTF-8");
  refused([](TokenizerSpec& s) { s.added.push_back({77, "x"}); }, "added token 0 is token 77");
  refused([](TokenizerSpec& s) { s.normalize.resize(kMaxSteps + 1); }, "steps");
  refused(
      [](TokenizerSpec& s) {
        s.split.push_back({SplitKind::kPattern, "(", ""});
      },
      "'(' of the tokenizer is not understood");
  refused(
      [](TokenizerSpec& s) {
        s.normalize.push_back({NormalizeKind::kCharacterMap, std::string("\xff\xff\xff\xff", 4), ""});
      },
      "map of characters");
  const Result<Tokenizer> tokenizer = Tokenizer::make(small_spec());
  EXPECT_NE(tokenizer->encode("ab\xff").status().message().find("no UTF-8 at byte 2"), std::string::npos);
  EXPECT_NE(tokenizer->decode(std::vector<int>{1, 5}).status().message().find("token 5 is none"), std::string::npos);
  TokenizerSpec none = small_spec();
  none.unknown.reset();
  EXPECT_NE(Tokenizer::make(none)->encode("axb").status().message().find("no piece for 'x'"), std::string::npos);
}

TEST(Tokenizer, FilesThatAreNone) {
  for (const std::string& text : {std::string(), std::string("hello"), std::string("\x0a\xff\xff\xff\xff\xff"),
                                  std::string(12, '\0'), std::string("\x0a\x00", 2)}) {
    const Result<Tokenizer> tokenizer =
        Tokenizer::from_bytes({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    EXPECT_FALSE(tokenizer.ok());
  }
}

// Pieces that must not be used become what they were joined from.
TEST(Tokenizer, UnusedPiecesAreTakenApart) {
  TokenizerSpec spec = small_spec();
  spec.pieces[4].type = PieceType::kUnused;
  EXPECT_EQ(*Tokenizer::make(spec)->encode("aba"), (std::vector<int>{3, 1}));
}

TEST(Tokenizer, TheDigestNamesEverything) {
  const Digest digest = Tokenizer::make(small_spec())->digest();
  EXPECT_EQ(Tokenizer::make(small_spec())->digest(), digest);
  TokenizerSpec named = small_spec();
  named.format = "another file";
  EXPECT_EQ(Tokenizer::make(named)->digest(), digest);
  std::vector<TokenizerSpec> others(6, small_spec());
  others[0].pieces[2].text = "c";
  others[1].pieces[2].score = -5;
  others[2].before = {1};
  others[3].fuse_unknown = false;
  others[4].added.push_back({1, "a"});
  others[5].decode.byte_pieces = true;
  for (TokenizerSpec& other : others) EXPECT_NE(Tokenizer::make(other)->digest(), digest);
}

TEST(Tokenizer, AddedTokensAreCutOutFirst) {
  TokenizerSpec spec = small_spec();
  spec.pieces.push_back({"<ab>", 0, PieceType::kControl});
  spec.pieces.push_back({"<ab>b", 0, PieceType::kNormal});
  spec.added = {{5, "<ab>", true, true, false, false, true}, {6, "<ab>b"}};
  const Result<Tokenizer> tokenizer = Tokenizer::make(spec);
  EXPECT_EQ(*tokenizer->encode("a  <ab> \tb"), (std::vector<int>{1, 5, 2}));
  EXPECT_EQ(*tokenizer->encode("<ab>b"), (std::vector<int>{6}));  // the longest
  EXPECT_EQ(*tokenizer->encode("<ab>a", {true, false}), (std::vector<int>{0, 3, 0, 1}));
  EXPECT_EQ(*tokenizer->decode(std::vector<int>{1, 5, 2}), "ab");
  EXPECT_EQ(*tokenizer->decode(std::vector<int>{1, 5, 2}, {true, false}), "a<ab>b");
}

// A word of a mebibyte, and vocabularies and expressions that were made to be slow.
TEST(Tokenizer, LongTextsTakeAboutASecond) {
  const auto seconds = [](const std::function<void()>& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const std::string letters(std::size_t{1} << 20, 'a');
  TokenizerSpec spec = small_spec();
  for (std::string text = "aa"; text.size() <= kMaxPieceBytes; text += text)
    spec.pieces.push_back({text, -static_cast<float>(text.size())});
  for (const ModelKind kind : {ModelKind::kScores, ModelKind::kUnigram}) {
    spec.kind = kind;
    const Result<Tokenizer> tokenizer = Tokenizer::make(spec);
    ASSERT_TRUE(tokenizer.ok());
    EXPECT_LT(seconds([&] { EXPECT_TRUE(tokenizer->encode(letters).ok()); }), 20);
  }
  spec.split = {{SplitKind::kPattern, "(a+)+b", ""}};
  const Result<Tokenizer> tokenizer = Tokenizer::make(spec);
  EXPECT_EQ(tokenizer->encode(letters.substr(0, 4096)).status().code(), StatusCode::kResourceLimit);
}

TEST(Windows, HoldTheTextOneBehindTheOther) {
  const Tokenizer tokenizer = tokenizer_of("bert.json");
  const std::string text = "a b c d e f g";
  const Result<TokenWindows> windows = token_windows(tokenizer, text, 5);
  ASSERT_TRUE(windows.ok()) << windows.status().to_string();
  EXPECT_EQ(windows->count, 2u);
  EXPECT_EQ(windows->left_out, 1u);
  const std::vector<int> all = *tokenizer.encode(text, {false, true});
  ASSERT_EQ(all.size(), 7u);
  EXPECT_EQ(windows->values, (std::vector<std::int64_t>{2, all[0], all[1], all[2], 3, 2, all[3], all[4], all[5], 3}));
  EXPECT_EQ(token_windows(tokenizer, text, 5, 1)->left_out, 4u);
  EXPECT_NE(token_windows(tokenizer, text, 10).status().message().find("has 7 tokens, fewer than the 8"),
            std::string::npos);
  EXPECT_NE(token_windows(tokenizer, text, 2).status().message().find("hold none of the text"), std::string::npos);
}

TEST(Utf8, AsUnicodeCountsThem) {
  for (const auto& [text, want] : {std::pair<std::string, std::string>("\xf0\x9f\x98", "\xef\xbf\xbd"),
                                   {"a\xff\xfe", "a\xef\xbf\xbd\xef\xbf\xbd"},
                                   {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
                                   {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
                                   {"\xe4\xb8\xad", "\xe4\xb8\xad"}}) {
    Utf8Stream stream;
    std::string all;
    for (const char c : text) all += stream.push({&c, 1});
    EXPECT_EQ(all + stream.finish(), want);
  }
  std::string text;
  for (const std::uint32_t c : {0x41u, 0xe9u, 0x4e2du, 0x1f600u, 0x10ffffu}) append_utf8(text, c);
  EXPECT_EQ(valid_utf8_bytes(text), text.size());
  EXPECT_EQ(valid_utf8_bytes("ab\xed\xa0\x80"), 2u);
}

// Steps that each make eight of one: a file of a thousand bytes must not take all memory.
TEST(Tokenizer, StepsOfDecodingAreBounded) {
  TokenizerSpec spec = small_spec();
  for (int i = 0; i < 8; ++i) spec.decode.replace.emplace_back("a", "aaaaaaaa");
  const Result<Tokenizer> grown = Tokenizer::make(spec);
  EXPECT_EQ(grown.status().code(), StatusCode::kResourceLimit);
  spec.decode.replace.resize(2);
  const Result<Tokenizer> tokenizer = Tokenizer::make(spec);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().to_string();
  EXPECT_EQ(*tokenizer->decode(*tokenizer->encode("a")), std::string(64, 'a'));
}

}  // namespace
}  // namespace zkinfer
