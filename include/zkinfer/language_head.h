// SPDX-License-Identifier: Apache-2.0
// What a language model gives of its last hidden states.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace zkinfer {

enum class LanguageHead : std::uint8_t {
  kChoice,  // "next": the most likely token behind each position (the first of equals), integers
  kLogits,  // "logits": the score of every token at each position
  kNone,    // "hidden": the hidden states themselves
  kMean,    // "embedding": their mean over all words, of length one
  kFirst,   // "first": the first position's, of length one
};

// What the output is called, by head. Of pictures' classifiers the choice is "class".
inline constexpr auto kLanguageHeadOutputs = std::to_array<std::pair<LanguageHead, std::string_view>>({
    {LanguageHead::kChoice, "next"},
    {LanguageHead::kLogits, "logits"},
    {LanguageHead::kNone, "hidden"},
    {LanguageHead::kMean, "embedding"},
    {LanguageHead::kFirst, "first"},
});
constexpr std::string_view language_head_output(LanguageHead head) {
  return kLanguageHeadOutputs[static_cast<std::size_t>(head)].second;
}
constexpr std::optional<LanguageHead> language_head_of(std::string_view output) {
  for (const auto& [head, name] : kLanguageHeadOutputs)
    if (name == output) return head;
  return std::nullopt;
}

}  // namespace zkinfer
