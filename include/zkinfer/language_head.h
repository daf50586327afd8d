// SPDX-License-Identifier: Apache-2.0
// What a language model gives of its last hidden states.
#pragma once

#include <cstdint>

namespace zkinfer {

enum class LanguageHead : std::uint8_t {
  kChoice,  // "next": the most likely token behind each position (the first of equals), integers
  kLogits,  // "logits": the score of every token at each position
  kNone,    // "hidden": the hidden states themselves
  kMean,    // "embedding": their mean over all positions, of length one
};

}  // namespace zkinfer
