// SPDX-License-Identifier: Apache-2.0
// What a tokenizer is, as plain data. Every file format is read into this (read.h), the class Tokenizer is made of it, and its
// canonical bytes are what a tokenizer's digest is taken of.
//
// Text becomes tokens in four steps: pieces that users wrote as they are (`added`) are cut out; what is between them is
// normalized, then split into words, then each word becomes pieces of the vocabulary by the model's rule.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace zkinfer {

// Bounds on what a file may ask for: the largest vocabularies that are published have 2^18 pieces of a few hundred bytes.
inline constexpr std::size_t kMaxPieces = std::size_t{1} << 21;
inline constexpr std::size_t kMaxPieceBytes = 1024;
inline constexpr std::size_t kMaxMerges = std::size_t{1} << 22;
inline constexpr std::size_t kMaxSteps = 64;           // of each of normalizing, splitting and decoding
inline constexpr std::size_t kMaxPatternBytes = 8192;  // of a regular expression

// The numbers are those of sentencepiece and GGUF, and part of the digest.
enum class PieceType : std::uint8_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6,
  kAdded = 7,  // ours: no piece of the model, only an added token
};

struct Piece {
  std::string text;  // as the file has it
  float score = 0;
  PieceType type = PieceType::kNormal;
};

enum class ModelKind : std::uint8_t {
  kScores = 1,     // neighbours are joined, the piece with the highest score first (sentencepiece's BPE, llama2.c)
  kMerges = 2,     // neighbours are joined in the order of a list (BPE of GPT-2 and Hugging Face)
  kUnigram = 3,    // the pieces with the largest sum of scores
  kWordPiece = 4,  // the longest piece first (BERT)
};

struct Merge {
  int left = 0, right = 0, result = 0;
};

// A piece that is found in the text before anything else.
struct AddedToken {
  int id = 0;
  std::string text;
  bool takes_left_space = false, takes_right_space = false;
  bool whole_word = false;
  bool normalized = false;  // looked for in the normalized text
  bool special = false;     // not looked for where special tokens are not read from the text; left out of decoded text
};

enum class NormalizeKind : std::uint8_t {
  kNfc = 1,
  kNfd = 2,
  kNfkc = 3,
  kNfkd = 4,
  kLowercase = 5,
  kStripAccents = 6,     // nonspacing marks go; right: all combining marks
  kCleanText = 7,        // BERT: control characters go, whitespace becomes spaces
  kChinese = 8,          // BERT: spaces around ideographs
  kPrepend = 9,          // text, before a text that is not empty; right: behind it
  kReplaceText = 10,     // text by with
  kReplacePattern = 11,  // the regular expression text by with
  kStrip = 12,           // whitespace at the left and right ends (left, right)
  // text: a compiled map of sentencepiece (character_map.h). left: the longest match, and pieces that users defined stay as
  // they are; else of each grapheme the shortest, as Hugging Face does.
  kCharacterMap = 13,
  kSqueezeSpaces = 14,  // sentencepiece's remove_extra_whitespaces: none at the ends, one inside
  kTrimEnd = 15,        // text, as often as it is at the end
};

struct NormalizeStep {
  NormalizeKind kind = NormalizeKind::kNfc;
  std::string text, with;
  bool left = false, right = false;
};

enum class SplitKind : std::uint8_t {
  kPattern = 1,      // regular expression text
  kText = 2,         // the text itself
  kPrefixSpace = 3,  // text is put before words that do not begin with it
  // Spaces become text; it is put before words (with: first, always, never), and they are cut before it (cut).
  kMetaspace = 4,
};

// What becomes of what was found.
enum class SplitBehaviour : std::uint8_t {
  kRemoved = 1,
  kIsolated = 2,
  kWithPrevious = 3,
  kWithNext = 4,
  kContiguous = 5
};

struct SplitStep {
  SplitKind kind = SplitKind::kPattern;
  std::string text, with;
  SplitBehaviour behaviour = SplitBehaviour::kIsolated;
  bool invert = false;  // what is between the found takes their place
  bool cut = false;
};

// How pieces become text again.
struct DecodeRule {
  bool byte_level = false;                                   // characters of the pieces stand for bytes
  bool byte_pieces = false;                                  // pieces <0x00> .. <0xFF> stand for bytes
  std::vector<std::pair<std::string, std::string>> replace;  // in each piece, in this order
  bool strip_first_space = false;                            // of the whole text
  bool strip_first_spaces = false;                           // of each piece until there is text
  bool spaces_between =
      false;  // a space before each piece but the first and those that begin with joined_prefix, which goes
  std::string joined_prefix;
  bool clean_up = false;     // spaces_between: no space before punctuation and contractions
  std::string unknown_text;  // of pieces of the type unknown, where they are not left out
};

struct TokenizerSpec {
  std::string format;  // for people: what kind of file it was; no part of the digest
  ModelKind kind = ModelKind::kScores;
  std::vector<Piece> pieces;  // the index is the token
  std::vector<Merge> merges;  // kMerges, the first first
  std::vector<AddedToken> added;
  std::vector<NormalizeStep> normalize;
  std::vector<SplitStep> split;
  DecodeRule decode;

  bool byte_level = false;         // words are bytes, pieces are written in GPT-2's alphabet for them
  bool byte_fallback = false;      // what the vocabulary lacks becomes pieces <0x00> .. <0xFF>
  bool fuse_unknown = false;       // neighbours that the vocabulary lacks are one token
  bool whole_words_first = false;  // kMerges: a word that is a piece is that piece, whatever the merges say
  std::string inner_prefix;        // kWordPiece: "##"
  int max_word_characters = 0;     // kWordPiece: longer words are unknown

  std::optional<int> unknown;
  std::vector<int> before, behind;  // put around an encoded text that is to begin and end a sequence

  // For who generates text; no part of the digest, for they change no token.
  std::optional<int> begin, end;
  std::vector<int> end_tokens;  // any of them ends an answer; `end` is one
};

// All that encoding and decoding depend on, in one form.
Bytes canonical_bytes(const TokenizerSpec& spec);

}  // namespace zkinfer
