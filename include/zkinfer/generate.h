// SPDX-License-Identifier: Apache-2.0
// Answers of a language model's integer program, and the requests that prove them (generation.h says what a proof shows).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "zkinfer/generation.h"
#include "zkinfer/model.h"
#include "zkinfer/prove.h"

namespace zkinfer {

// What a model that generates reads and gives: compiled with LanguageHead::kChoice.
struct LanguageShape {
  std::uint32_t capacity = 0;        // tokens, prompt and answer together
  std::int64_t most_token = 0;       // tokens are 0 to this
  std::uint32_t num_candidates = 0;  // CausalModel::num_candidates
  bool hides_text = false;           // CausalModel::hides_text
  std::uint32_t conversation = 0;    // CausalModel::conversation; capacity is then that of one turn
};
// invalid_argument: not such a model.
Result<LanguageShape> language_shape(const Model& model);

// The same model, whose answers may be sampled from so many best tokens at each position; the most likely ones too. Another program, so a model of
// another name. invalid_argument: it gives no choices, or has fewer tokens; unsupported: its scores' scale is one that the rule has no numbers for.
Result<Model> with_sampling(const Model& model, std::uint32_t num_candidates);

// The same model, whose proofs show of prompt and answer what is asked for, and hide the rest where it is committed to with private inputs. How many
// tokens they have is seen. Another program, so a model of another name; sampling comes first. invalid_argument: it gives no choices.
Result<Model> with_hidden_text(const Model& model);

// What with_sampling and with_hidden_text were given: what floats are compared with. Another model as it is.
Model greedy_model(const Model& model);

// The text that an encoder reads: of a model that embeds it, as one compiled with LanguageHead::kMean or kNone, or sorts it into classes. invalid_argument:
// its input is no text, or it gives choices.
Result<TensorInfo> encoder_input(const Model& model);
// A text's tokens, with those that the model wants around it, as the model reads them: filled up with its padding token (CompileRecord::pad_token), which
// no word sees. invalid_argument: more than it reads, none, or, of a model without padding, fewer; out_of_range: one that the model does not know.
Result<std::vector<std::int64_t>> encoder_text(const Model& model, std::span<const std::int64_t> tokens);

// What a turn of a conversation goes on from: so many tokens, and what the turn with the last of them has left (ProofResult::committed_outputs), or
// new_history(). What a history commits to serves a few turns, as its budget says: another answer may be tried behind it.
struct TurnBefore {
  std::uint32_t num_tokens = 0;
  const CommittedTensor* history = nullptr;
};
// Of a key of a model that continues conversations: what first turns go on from. invalid_argument: it is no such key.
Result<CommittedTensor> new_history(const VerificationKey& key, const std::optional<Digest>& insecure_seed = {});

struct GenerateOptions {
  std::uint32_t most_tokens = 64;        // of the answer; the model's capacity may end it earlier
  std::vector<std::int64_t> end_tokens;  // any of them ends the answer, as its last token
  // Of models made by with_sampling; none: the most likely tokens.
  std::optional<SamplingRule> sampling;
  // At most 16 bytes that the proof is bound to, and from which the numbers come that a token is drawn with. From the verifier, after key and prompt are
  // fixed: otherwise whoever answers may try many.
  Bytes context;
  // Of models that continue conversations. Without a history it is a first turn, which cannot be proven.
  TurnBefore before;
  // Called with each token of the answer as it comes; false ends the answer behind it.
  std::function<bool(std::int64_t token)> told;
};

// Why an answer behind so many tokens of a prompt must be shorter than is asked for: a sentence for people; empty where it need not be.
std::string shorter_answer(const LanguageShape& shape, std::size_t num_prompt, std::uint64_t most_tokens,
                           std::uint32_t num_before = 0);

enum class GenerationEnd : std::uint8_t { kEndToken, kMostTokens, kCapacity, kStopped };
// "end token", "as many tokens as asked for", ..
const char* generation_end_name(GenerationEnd end);

struct Generated {
  std::vector<std::int64_t> tokens;  // the prompt's and the answer's
  std::uint32_t num_prompt = 0;
  GenerationEnd end = GenerationEnd::kMostTokens;
  // Of the options.
  std::optional<SamplingRule> sampling;
  Bytes context;
  ShownText shown;  // for generation_request
  TurnBefore before;
};

// What generate() refuses, before it begins.
Status check_prompt(const Model& model, std::span<const std::int64_t> prompt, const GenerateOptions& options = {});

// The answer: at each step the token of the largest score, the first of equal ones, or the one that the rule draws. Each token costs what it
// changes: as much as one inference for all together, and one more. Of a program that is too large to follow what depends on what, or that looks ahead,
// each token is an inference.
// invalid_argument: no prompt, tokens out of range, most_tokens 0, a rule that the model has no candidates for; out_of_range: the prompt fills the model's capacity.
Result<Generated> generate(const Model& model, std::span<const std::int64_t> prompt,
                           const GenerateOptions& options = {});

// What proves it: tokens, the rest filled with zeros, what they were drawn with, what is shown of them, and the context. invalid_argument: it hides what the
// model shows always.
Result<ProveRequest> generation_request(const Model& model, const Generated& generated);

}  // namespace zkinfer
