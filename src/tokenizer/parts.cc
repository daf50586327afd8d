// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/parts.h"

#include <algorithm>
#include <array>

namespace zkinfer {

void add_space_steps(const SpaceRules& rules, TokenizerSpec& spec) {
  const std::string sign(kSpaceSign);
  if (!rules.character_map.empty())
    spec.normalize.push_back({NormalizeKind::kCharacterMap, rules.character_map, "", true, false});
  if (rules.squeeze) spec.normalize.push_back({NormalizeKind::kSqueezeSpaces, "", "", false, false});
  if (rules.dummy_prefix) spec.normalize.push_back({NormalizeKind::kPrepend, " ", "", false, rules.behind});
  if (rules.escape) {
    spec.normalize.push_back({NormalizeKind::kReplaceText, " ", sign, false, false});
    spec.decode.replace.emplace_back(sign, " ");
  }
  if (rules.squeeze) spec.normalize.push_back({NormalizeKind::kTrimEnd, rules.escape ? sign : " ", "", false, false});
  spec.decode.strip_first_space = rules.dummy_prefix;
  spec.decode.strip_first_spaces = rules.squeeze;
}

void add_bert_normalizer(bool clean, bool chinese, bool strip_accents, bool lowercase, TokenizerSpec& spec) {
  const auto add = [&](bool wanted, NormalizeKind kind) {
    if (wanted) spec.normalize.push_back({kind, "", "", false, false});
  };
  add(clean, NormalizeKind::kCleanText);
  add(chinese, NormalizeKind::kChinese);
  add(strip_accents, NormalizeKind::kNfd);
  add(strip_accents, NormalizeKind::kStripAccents);
  add(lowercase, NormalizeKind::kLowercase);
}

void add_bert_words(TokenizerSpec& spec) {
  spec.split.push_back({SplitKind::kPattern, R"(\s)", "", SplitBehaviour::kRemoved, false, false});
  spec.split.push_back({SplitKind::kPattern, std::string(kPunctuation), "", SplitBehaviour::kIsolated, false, false});
}

std::pair<std::string_view, std::string_view> parts_of_merge(std::string_view text) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos || text.find(' ', space + 1) != std::string_view::npos) return {};
  return {text.substr(0, space), text.substr(space + 1)};
}

bool find_merge(const ExactIndex& pieces, std::string_view left, std::string_view right, Merge& merge) {
  if (left.empty() || right.empty()) return false;
  std::string joined(left);
  joined += right;
  merge = {pieces.find(left), pieces.find(right), pieces.find(joined)};
  return merge.left >= 0 && merge.right >= 0 && merge.result >= 0;
}

bool is_end_by_name(std::string_view text) {
  constexpr std::array<std::string_view, 10> kEnds = {"</s>",       "<|endoftext|>", "<eos>",         "<|end_of_text|>",
                                                      "<|eot_id|>", "<|im_end|>",    "<end_of_turn>", "<|eom_id|>",
                                                      "<|end|>",    "[EOS]"};
  return std::find(kEnds.begin(), kEnds.end(), text) != kEnds.end();
}

}  // namespace zkinfer
