// SPDX-License-Identifier: Apache-2.0
// What the proof of a language model's answer says. The model reads `capacity` tokens in one causal pass and gives the most likely
// next token of each position; so one inference shows every token of an answer at once: each is what the model gives for those
// before it. How many tokens were given and how many follow stands in the proof's context, which is bound into it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "zkinfer/bytes.h"
#include "zkinfer/status.h"
#include "zkinfer/verify.h"

namespace zkinfer {

// What is left of a proof's context for its verifier: a nonce, an order number, .. (padded with zeros).
using GenerationContext = std::array<std::uint8_t, 16>;

struct GenerationClaim {
  std::uint32_t num_prompt = 0;  // tokens that were given, at least one
  std::uint32_t num_tokens = 0;  // with the answer
  GenerationContext context{};

  friend bool operator==(const GenerationClaim&, const GenerationClaim&) = default;
};

// The 32 bytes of ProveRequest::context (docs/formats/generation.md). invalid_argument: no prompt, no answer, or a context of more than
// 16 bytes.
Result<Bytes> generation_context(std::uint32_t num_prompt, std::uint32_t num_tokens, ByteView context = {});
// Nothing where a context does not say that it is one of a generation.
std::optional<GenerationClaim> read_generation_context(ByteView context);

// A model whose choices depend on nothing behind them: only then they are answers. Who commits to hidden weights could otherwise have made a
// model that sees the token it is to give, and says it. Shown by the structure alone, whatever the weights are.
class CausalModel {
 public:
  // Once for a key, for all proofs under it and the keys below it. invalid_argument: a choice that may depend on a later token, or no model
  // that gives a choice for each token. resource_limit: too large a structure to look at.
  static Result<CausalModel> of(const VerificationKey& key);
  const Digest& root_identity() const { return root_identity_; }

 private:
  explicit CausalModel(const Digest& root_identity) : root_identity_(root_identity) {}
  Digest root_identity_;
};

struct GenerationResult {
  Verdict verdict;
  // Unless rejected.
  std::vector<std::int64_t> prompt, answer;
  GenerationContext context{};
};
// Of an accepted inference of this model, with evidence of its weights (verify.h), whose inputs and outputs are public. Rejected (kWrongStatement) where it is of another model or no
// generation, or at the first token of the answer that is not the model's choice.
GenerationResult check_generation(const CausalModel& model, const VerifyResult& inference);

}  // namespace zkinfer
