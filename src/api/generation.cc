// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/generation.h"

#include <algorithm>
#include <string>

#include "api/key_impl.h"
#include "qir/causality.h"

namespace zkinfer {

namespace {

// docs/formats/generation.md: tag, rule (0: greedy), num_prompt, num_tokens, the verifier's context.
constexpr std::array<std::uint8_t, 4> kTag = {'g', 'e', 'n', '1'};
constexpr std::size_t kContextBytes = 32, kRuleAt = 4, kPromptAt = 8, kTokensAt = 12, kOwnAt = 16;

void put(Bytes& bytes, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}

std::uint32_t get(ByteView bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value |= static_cast<std::uint32_t>(bytes[at + i]) << (8 * i);
  return value;
}

}  // namespace

Result<Bytes> generation_context(std::uint32_t num_prompt, std::uint32_t num_tokens, ByteView context) {
  if (num_prompt == 0) return invalid_argument("a generation needs a prompt of at least one token");
  if (num_tokens <= num_prompt) return invalid_argument("a generation needs an answer of at least one token");
  if (context.size() > kContextBytes - kOwnAt) {
    return invalid_argument("the context of a generation has at most 16 bytes, got " + std::to_string(context.size()));
  }
  Bytes bytes(kContextBytes, 0);
  std::ranges::copy(kTag, bytes.begin());
  put(bytes, kPromptAt, num_prompt);
  put(bytes, kTokensAt, num_tokens);
  std::ranges::copy(context, bytes.begin() + kOwnAt);
  return bytes;
}

std::optional<GenerationClaim> read_generation_context(ByteView context) {
  if (context.size() != kContextBytes || !std::ranges::equal(context.first(kTag.size()), kTag)) return std::nullopt;
  GenerationClaim claim{get(context, kPromptAt), get(context, kTokensAt), {}};
  if (get(context, kRuleAt) != 0 || claim.num_prompt == 0 || claim.num_tokens <= claim.num_prompt) return std::nullopt;
  std::ranges::copy(context.subspan(kOwnAt), claim.context.begin());
  return claim;
}

Result<CausalModel> CausalModel::of(const VerificationKey& key) {
  const KeyInfo& info = key.info();
  const auto refused = [&](const std::string& why) {
    return invalid_argument("model '" + info.model_name + "' gives no answers: " + why);
  };
  if (info.input_tensors.size() != 1 || info.output_tensors.size() != 1)
    return refused("one input and one output are expected");
  const TensorInfo &tokens = info.input_tensors[0], &choices = info.output_tensors[0];
  // Both are token numbers themselves, not multiples of some unit.
  if (!tokens.format.same_scale({}) || !choices.format.same_scale({}))
    return refused("its input or output is no token");
  if (tokens.num_elements() != choices.num_elements()) return refused("it does not give a choice for each token");
  ZKI_ASSIGN_OR_RETURN(const std::vector<std::int64_t> reach, qir::reach_of_output(api::impl(key).prepared.key.graph));
  for (std::size_t i = 0; i < reach.size(); ++i) {
    if (reach[i] <= static_cast<std::int64_t>(i)) continue;
    return refused("by its structure, what it gives behind token " + std::to_string(i) + " may depend on token " +
                   std::to_string(reach[i]) + ", so it may see what it is to say");
  }
  return CausalModel(info.root_identity);
}

GenerationResult check_generation(const CausalModel& model, const VerifyResult& inference) {
  const auto rejected = [](const std::string& where) {
    GenerationResult result;
    result.verdict = Verdict::reject(RejectReason::kWrongStatement, "generation: " + where);
    return result;
  };
  if (!inference.verdict.accepted()) return {inference.verdict, {}, {}, {}};
  const std::optional<GenerationClaim> claim = read_generation_context(inference.context);
  if (!claim.has_value()) return rejected("the context is not one of a generation");
  if (inference.root_identity != model.root_identity()) return rejected("the proof is of another model");
  // What the structure says of dependences rests on the ranges of the weights.
  if (inference.weights == WeightEvidence::kUncertified || inference.weights == WeightEvidence::kNone)
    return rejected("an answer needs the certificate of the weights (or the weights)");
  const VerifiedTensor& tokens = inference.inputs[0];
  const VerifiedTensor& choices = inference.outputs[0];
  if (!tokens.group.is_public() || !choices.group.is_public()) return rejected("input and output are not public");
  if (claim->num_tokens > tokens.integers.size()) return rejected("more tokens than the model reads");
  for (std::size_t i = claim->num_prompt; i < claim->num_tokens; ++i) {
    if (tokens.integers[i] != choices.integers[i - 1]) {
      return rejected("token " + std::to_string(i) + " is " + std::to_string(tokens.integers[i]) +
                      ", the model's choice is " + std::to_string(choices.integers[i - 1]));
    }
  }
  const auto begin = tokens.integers.begin();
  return {Verdict::accept(),
          {begin, begin + claim->num_prompt},
          {begin + claim->num_prompt, begin + claim->num_tokens},
          claim->context};
}

}  // namespace zkinfer
