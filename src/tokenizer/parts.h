// SPDX-License-Identifier: Apache-2.0
// What several formats of tokenizers have in common.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "tokenizer/index.h"
#include "tokenizer/spec.h"

namespace zkinfer {

inline constexpr std::string_view kSpaceSign = "\xe2\x96\x81";  // U+2581, in the place of spaces

// How sentencepiece treats texts: options of its files, with its defaults.
struct SpaceRules {
  std::string character_map;
  bool dummy_prefix = true, squeeze = true, escape = true, behind = false;
};
void add_space_steps(const SpaceRules& rules, TokenizerSpec& spec);

// GPT-2's words.
inline constexpr std::string_view kGpt2Words =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
// What BERT does to a text and where it cuts it.
void add_bert_normalizer(bool clean, bool chinese, bool strip_accents, bool lowercase, TokenizerSpec& spec);
void add_bert_words(TokenizerSpec& spec);
// All punctuation of ASCII, which Unicode calls symbols in part, and Unicode's.
inline constexpr std::string_view kPunctuation = R"([\p{P}$+<=>^`|~])";

// "left right" as two texts; empty ones where it is not two.
std::pair<std::string_view, std::string_view> parts_of_merge(std::string_view text);
// false: one of the two, or what they make, is no piece.
bool find_merge(const ExactIndex& pieces, std::string_view left, std::string_view right, Merge& merge);

// Whether special tokens of this name end an answer, by habit.
bool is_end_by_name(std::string_view text);

}  // namespace zkinfer
