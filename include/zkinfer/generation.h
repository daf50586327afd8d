// SPDX-License-Identifier: Apache-2.0
// What the proof of a language model's answer says. The model reads `capacity` tokens in one causal pass and gives the most likely
// next token of each position; so one inference shows every token of an answer at once: each is what the model gives for those
// before it. How many tokens were given and how many follow stands in the proof's context, which is bound into it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "zkinfer/bytes.h"
#include "zkinfer/status.h"
#include "zkinfer/verify.h"

namespace zkinfer {

namespace api {
struct Sampler;  // the implementation's
struct Turns;
}  // namespace api

// Whether a model's input is one text: token numbers, from 0 on, that are no multiples of some unit.
bool reads_text(const std::vector<TensorInfo>& inputs);

// What is left of a proof's context for its verifier: a nonce, an order number, .. (padded with zeros).
using GenerationContext = std::array<std::uint8_t, 16>;

// A rule as people ask for it; what is not given is as in SamplingRule.
struct SamplingOptions {
  std::optional<double> temperature = {}, top_p = {}, repetition = {};
  std::optional<std::int64_t> top_k = {};
};

// How each token of an answer is drawn from the scores (docs/sampling.md). In integers, which are what is proven.
struct SamplingRule {
  std::uint32_t temperature = 0;  // in 1/2^10, at most 2; 0: the most likely token
  std::uint32_t top_k = 0;        // of so many best tokens; 0: of all candidates of the model
  std::uint32_t top_p =
      1 << 16;  // in 1/2^16: of the best tokens that have this share of the probability; all of it: no limit
  std::uint32_t repetition =
      1 << 10;  // in 1/2^10, 1/2 to 2: scores of tokens that are there are divided by it, below 0 multiplied

  // To the nearest. invalid_argument, in the words of `generate`, for what is no such number.
  static Result<SamplingRule> of(double temperature, std::int64_t top_k, double top_p, double repetition);
  // Nothing where nothing is given. invalid_argument also where tokens would be left out of a choice that is not drawn.
  static Result<std::optional<SamplingRule>> of(const SamplingOptions& options);
  // "temperature 0.8, top-k 40, top-p 0.95, repetition penalty 1.1"
  std::string to_string() const;
  friend bool operator==(const SamplingRule&, const SamplingRule&) = default;
};

// Which parts of a text a proof shows; of models made by with_hidden_text each may be hidden, where the key hides inputs.
struct ShownText {
  bool prompt = true, answer = true;
  bool everything() const { return prompt && answer; }
  friend bool operator==(const ShownText&, const ShownText&) = default;
};

struct GenerationClaim {
  std::uint32_t num_prompt = 0;  // tokens that were given, at least one
  std::uint32_t num_tokens = 0;  // with the answer
  GenerationContext context{};
  std::optional<SamplingRule> sampling;  // of models that sample; none: the most likely token

  friend bool operator==(const GenerationClaim&, const GenerationClaim&) = default;
};

// The 32 bytes of ProveRequest::context (docs/formats/generation.md). invalid_argument: no prompt, no answer, or a context of more than
// 16 bytes, or numbers that its fields do not hold.
Result<Bytes> generation_context(std::uint32_t num_prompt, std::uint32_t num_tokens, ByteView context = {},
                                 const std::optional<SamplingRule>& sampling = {});
// Nothing where a context does not say that it is one of a generation.
std::optional<GenerationClaim> read_generation_context(ByteView context);

struct GenerationResult;

// A model whose choices depend on nothing behind them: only then they are answers. Who commits to hidden weights could otherwise have made a
// model that sees the token it is to give, and says it. Shown by the structure alone, whatever the weights are.
class CausalModel {
 public:
  // Once for a key, for all proofs under it and the keys below it. invalid_argument: a choice that may depend on a later token, or no model
  // that gives a choice for each token. resource_limit: too large a structure to look at.
  static Result<CausalModel> of(const VerificationKey& key);
  const Digest& root_identity() const { return root_identity_; }
  // Of how many best tokens it draws one; 0: it gives the most likely one, always.
  std::uint32_t num_candidates() const;
  // Whether its proofs may hide prompt or answer.
  bool hides_text() const { return hides_text_; }
  // How many tokens a conversation may have in all its turns, each a proof that goes on from what the one before has left; 0: one text, one proof.
  std::uint32_t conversation() const;

 private:
  friend GenerationResult check_turn(const CausalModel& model, const VerifyResult& turn, const VerifyResult* before,
                                     const std::optional<SamplingRule>& demanded);
  CausalModel(const Digest& root_identity, std::shared_ptr<const api::Sampler> sampler, bool hides_text,
              std::shared_ptr<const api::Turns> turns)
      : root_identity_(root_identity),
        sampler_(std::move(sampler)),
        hides_text_(hides_text),
        turns_(std::move(turns)) {}
  Digest root_identity_;
  std::shared_ptr<const api::Sampler> sampler_;
  bool hides_text_ = false;
  std::shared_ptr<const api::Turns> turns_;
};

struct GenerationResult {
  Verdict verdict;
  // Unless rejected. What is hidden is empty.
  std::vector<std::int64_t> prompt, answer;
  GenerationContext context{};
  std::optional<SamplingRule> sampling;  // GenerationClaim::sampling
  ShownText shown;
  std::uint32_t num_prompt = 0, num_answer = 0;  // tokens, hidden ones too
  std::uint32_t num_before = 0;                  // tokens of the turns before it
  // Whether the numbers that it was drawn with came from a context: 16 bytes that are not all 0. Whoever gave them, after key and prompt were fixed,
  // knows that the prover did not choose; without one, the prover may have tried many.
  bool seeded() const { return context != GenerationContext{}; }
};
// Of an accepted inference of this model, with evidence of its weights (verify.h), whose inputs (but for models that hide text) and outputs are public. Rejected (kWrongStatement) where it is of another model or no
// generation, where the noise is not that of the rule and the context, where the rule is not the one that is demanded (SamplingRule{}: the most likely
// tokens), or at the first token of the answer that is not the model's choice.
GenerationResult check_generation(const CausalModel& model, const VerifyResult& inference,
                                  const std::optional<SamplingRule>& demanded = {});

// How many tokens an accepted proof says are before its own; 0 where it is no turn of a conversation.
std::uint32_t claimed_before(const VerifyResult& turn);
// A turn of a conversation, of which `before` is the turn before, accepted and checked so too; null: it is the first. Rejected as check_generation
// does, and (kLink) where it goes on from anything but what the turn before has left. So who checks the turns in order knows that each token of each
// answer is the model's after all text before it.
GenerationResult check_turn(const CausalModel& model, const VerifyResult& turn, const VerifyResult* before,
                            const std::optional<SamplingRule>& demanded = {});

}  // namespace zkinfer
