// SPDX-License-Identifier: Apache-2.0
// Answers of a language model's integer program, and the requests that prove them (generation.h says what a proof shows).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "zkinfer/generation.h"
#include "zkinfer/model.h"
#include "zkinfer/prove.h"

namespace zkinfer {

// What a model that generates reads and gives: compiled with LanguageHead::kChoice.
struct LanguageShape {
  std::uint32_t capacity = 0;   // tokens, prompt and answer together
  std::int64_t most_token = 0;  // tokens are 0 to this
};
// invalid_argument: not such a model.
Result<LanguageShape> language_shape(const Model& model);

struct GenerateOptions {
  std::uint32_t most_tokens = 64;        // of the answer; the model's capacity may end it earlier
  std::vector<std::int64_t> end_tokens;  // any of them ends the answer, as its last token
  // Called with each token of the answer as it comes; false ends the answer behind it.
  std::function<bool(std::int64_t token)> told;
};

enum class GenerationEnd : std::uint8_t { kEndToken, kMostTokens, kCapacity, kStopped };
// "end token", "as many tokens as asked for", ..
const char* generation_end_name(GenerationEnd end);

struct Generated {
  std::vector<std::int64_t> tokens;  // the prompt's and the answer's
  std::uint32_t num_prompt = 0;
  GenerationEnd end = GenerationEnd::kMostTokens;
};

// The greedy answer: at each step the token of the largest score, the first of equal ones. Each token costs what it
// changes: as much as one inference for all together, and one more. Of a program that is too large to follow what depends on what, or that looks ahead,
// each token is an inference.
// invalid_argument: no prompt, tokens out of range; out_of_range: the prompt fills the model's capacity.
Result<Generated> generate(const Model& model, std::span<const std::int64_t> prompt,
                           const GenerateOptions& options = {});

// What proves it: tokens, the rest filled with zeros, and the context. context: at most 16 bytes.
Result<ProveRequest> generation_request(const Model& model, const Generated& generated, ByteView context = {});

}  // namespace zkinfer
