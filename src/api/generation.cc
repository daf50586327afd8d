// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/generation.h"

#include <algorithm>
#include <string>

#include "api/key_impl.h"
#include "api/token_choices.h"
#include "api/whole_graph.h"
#include "base/bytes.h"
#include "qir/causality.h"

namespace zkinfer {

namespace {

// docs/formats/generation.md: tag, rule (0: greedy), num_prompt, num_tokens, the verifier's context.
constexpr std::array<std::uint8_t, 4> kTag = {'g', 'e', 'n', '1'};
constexpr std::uint32_t kGreedy = 0;
constexpr std::size_t kContextBytes = 32, kOwnBytes = sizeof(GenerationContext);

}  // namespace

namespace api {

std::string why_no_choices(const std::vector<TensorInfo>& inputs, const std::vector<TensorInfo>& outputs) {
  if (inputs.size() != 1 || outputs.size() != 1) return "one input and one output are expected";
  // Both are token numbers themselves, not multiples of some unit.
  if (!inputs[0].format.same_scale({}) || !outputs[0].format.same_scale({})) return "its input or output is no token";
  if (inputs[0].num_elements() != outputs[0].num_elements()) return "it does not give a choice for each token";
  return "";
}

}  // namespace api

Result<Bytes> generation_context(std::uint32_t num_prompt, std::uint32_t num_tokens, ByteView context) {
  if (num_prompt == 0) return invalid_argument("a generation needs a prompt of at least one token");
  if (num_tokens <= num_prompt) return invalid_argument("a generation needs an answer of at least one token");
  if (context.size() > kOwnBytes) {
    return invalid_argument("the context of a generation has at most 16 bytes, got " + std::to_string(context.size()));
  }
  ByteWriter writer;
  writer.raw(kTag);
  for (const std::uint32_t value : {kGreedy, num_prompt, num_tokens}) writer.u32(value);
  writer.raw(context);
  Bytes bytes = std::move(writer).take();
  bytes.resize(kContextBytes, 0);
  return bytes;
}

std::optional<GenerationClaim> read_generation_context(ByteView context) {
  ByteReader reader(context);
  if (context.size() != kContextBytes || !std::ranges::equal(reader.raw(kTag.size()), kTag)) return std::nullopt;
  const std::uint32_t rule = reader.u32();
  GenerationClaim claim;
  claim.num_prompt = reader.u32();
  claim.num_tokens = reader.u32();
  if (rule != kGreedy || claim.num_prompt == 0 || claim.num_tokens <= claim.num_prompt) return std::nullopt;
  std::ranges::copy(reader.raw(kOwnBytes), claim.context.begin());
  return claim;
}

Result<CausalModel> CausalModel::of(const VerificationKey& key) {
  const KeyInfo& info = key.info();
  const auto refused = [&](const std::string& why) {
    return invalid_argument("model '" + info.model_name + "' gives no answers: " + why);
  };
  const std::string why = api::why_no_choices(info.input_tensors, info.output_tensors);
  if (!why.empty()) return refused(why);
  ZKI_ASSIGN_OR_RETURN(const std::vector<std::int64_t> reach, qir::reach_of_output(api::whole_graph(key)));
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
