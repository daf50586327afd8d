// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/generation.h"

#include <algorithm>
#include <string>

#include "api/key_impl.h"
#include "api/sampling.h"
#include "api/token_choices.h"
#include "api/whole_graph.h"
#include "base/bytes.h"
#include "qir/causality.h"
#include "qir/shown_text.h"
#include "qir/turn.h"

namespace zkinfer {

namespace {

// docs/formats/generation.md: tag, rule (0: greedy), num_prompt, num_tokens, the verifier's context; of sampled answers the rule's numbers.
constexpr std::array<std::uint8_t, 4> kTag = {'g', 'e', 'n', '1'}, kSampledTag = {'g', 'e', 'n', '2'};
constexpr std::uint32_t kGreedy = 0;
constexpr std::size_t kContextBytes = 32, kOwnBytes = sizeof(GenerationContext);

}  // namespace

namespace api {

struct Turns {
  qir::QGraph graph;
  qir::TurnShape shape;

  // Whether nothing that a turn behind so many tokens says or leaves may depend on a later token, or on rows of the history that are not before it.
  Status look_backwards(std::int64_t num_before) const {
    const auto row = [&](std::size_t element) { return static_cast<std::int64_t>(element) / shape.width; };
    qir::OtherInput places{shape.places(num_before), {}}, history;
    for (std::size_t i = 0; i < static_cast<std::size_t>(shape.rows * shape.width); ++i)
      history.reach.push_back(row(i) < num_before ? -1 : qir::kNeverReached);
    ZKI_ASSIGN_OR_RETURN(const auto reach, qir::reach_of_outputs(graph, {places, history}));
    for (std::size_t i = 0; i < reach[0].size(); ++i) {
      if (reach[0][i] > static_cast<std::int64_t>(i))
        return invalid_argument("what it gives behind token " + std::to_string(i) + " of the turn may depend on more");
    }
    for (std::size_t i = 0; i < reach[1].size(); ++i) {
      const std::int64_t token = row(i) - num_before;
      if (token < shape.tokens && reach[1][i] > std::max<std::int64_t>(token, -1))
        return invalid_argument("row " + std::to_string(row(i)) + " of what it leaves may depend on later tokens");
    }
    return ok_status();
  }
};

std::string why_no_choices(const std::vector<TensorInfo>& inputs, const std::vector<TensorInfo>& outputs) {
  if (inputs.size() != 1 || outputs.size() != 1) return "one input and one output are expected";
  // Both are token numbers themselves, not multiples of some unit.
  if (!inputs[0].format.same_scale({}) || !outputs[0].format.same_scale({})) return "its input or output is no token";
  if (inputs[0].num_elements() != outputs[0].num_elements()) return "it does not give a choice for each token";
  return "";
}

}  // namespace api

bool reads_text(const std::vector<TensorInfo>& inputs) {
  return inputs.size() == 1 && inputs[0].format.same_scale({}) && inputs[0].format.lo == 0;
}

Result<Bytes> generation_context(std::uint32_t num_prompt, std::uint32_t num_tokens, ByteView context,
                                 const std::optional<SamplingRule>& sampling) {
  if (num_prompt == 0) return invalid_argument("a generation needs a prompt of at least one token");
  if (num_tokens <= num_prompt) return invalid_argument("a generation needs an answer of at least one token");
  if (context.size() > kOwnBytes) {
    return invalid_argument("the context of a generation has at most 16 bytes, got " + std::to_string(context.size()));
  }
  ByteWriter writer;
  if (sampling.has_value()) {
    if (num_tokens > UINT16_MAX)
      return invalid_argument("a sampled answer has at most 65,535 tokens with its prompt, got " +
                              std::to_string(num_tokens));
    ZKI_RETURN_IF_ERROR(api::check_rule(*sampling, UINT16_MAX));
    writer.raw(kSampledTag);
    for (const std::uint32_t value :
         {num_prompt, num_tokens, sampling->temperature, sampling->top_k, sampling->top_p - 1, sampling->repetition})
      writer.u16(static_cast<std::uint16_t>(value));
  } else {
    writer.raw(kTag);
    for (const std::uint32_t value : {kGreedy, num_prompt, num_tokens}) writer.u32(value);
  }
  writer.raw(context);
  Bytes bytes = std::move(writer).take();
  bytes.resize(kContextBytes, 0);
  return bytes;
}

std::optional<GenerationClaim> read_generation_context(ByteView context) {
  ByteReader reader(context);
  if (context.size() != kContextBytes) return std::nullopt;
  const ByteView tag = reader.raw(kTag.size());
  GenerationClaim claim;
  bool is_known = false;
  if (std::ranges::equal(tag, kTag)) {
    is_known = reader.u32() == kGreedy;
    claim.num_prompt = reader.u32();
    claim.num_tokens = reader.u32();
  } else if (std::ranges::equal(tag, kSampledTag)) {
    claim.num_prompt = reader.u16();
    claim.num_tokens = reader.u16();
    SamplingRule& rule = claim.sampling.emplace();
    rule.temperature = reader.u16();
    rule.top_k = reader.u16();
    rule.top_p = std::uint32_t{1} + reader.u16();
    rule.repetition = reader.u16();
    is_known = api::check_rule(rule, UINT16_MAX).ok();
  }
  if (!is_known || claim.num_prompt == 0 || claim.num_tokens <= claim.num_prompt) return std::nullopt;
  std::ranges::copy(reader.raw(kOwnBytes), claim.context.begin());
  return claim;
}

std::uint32_t CausalModel::conversation() const {
  return turns_ == nullptr ? 0 : static_cast<std::uint32_t>(turns_->shape.rows);
}

std::uint32_t CausalModel::num_candidates() const {
  return sampler_ == nullptr ? 0 : static_cast<std::uint32_t>(sampler_->shape.candidates);
}

Result<CausalModel> CausalModel::of(const VerificationKey& key) {
  const KeyInfo& info = key.info();
  const auto refused = [&](const std::string& why) {
    return invalid_argument("model '" + info.model_name + "' gives no answers: " + why);
  };
  qir::QGraph graph = api::whole_graph(key);
  std::vector<TensorInfo> inputs = info.input_tensors, outputs = info.output_tensors;
  std::optional<qir::QGraph> answers = qir::answers_of(graph);
  const bool hides_text = answers.has_value();
  if (hides_text) {
    graph = std::move(*answers);
    inputs.pop_back();
    outputs.resize(1);
  }
  std::shared_ptr<api::Sampler> sampler;
  // A token that is drawn may depend on the scores at its position, all of them, and on tokens up to there: by what `with_sampler` makes.
  std::int64_t per_position = 1;
  if (std::optional<qir::Sampled> sampled = qir::sampler_of(graph)) {
    sampler = std::make_shared<api::Sampler>(api::Sampler{sampled->shape, info.structure_digest});
    per_position = sampled->shape.vocabulary;
    graph = std::move(sampled->scored);
    inputs.resize(1);
    if (sampler->shape.positions != graph.value(graph.inputs[0]).shape[1])
      return refused("it gives no score for each token");
  }
  std::shared_ptr<api::Turns> turns;
  const std::optional<qir::TurnShape> turn = info.carries ? qir::turn_of(graph) : std::nullopt;
  if (turn.has_value()) {
    turns = std::make_shared<api::Turns>(api::Turns{std::move(graph), *turn});
    inputs.resize(1);
    outputs.resize(1);
  }
  const std::string why = api::why_no_choices(inputs, outputs);
  if (!why.empty()) return refused(why);
  if (turns != nullptr) {
    // What depends on what is another thing behind each number of tokens; here the first turn.
    if (const Status status = turns->look_backwards(0); !status.ok()) return refused(status.message());
    return CausalModel(info.root_identity, nullptr, false, std::move(turns));
  }
  ZKI_ASSIGN_OR_RETURN(const std::vector<std::int64_t> reach, qir::reach_of_output(graph));
  for (std::size_t i = 0; i < reach.size(); ++i) {
    const std::int64_t position = static_cast<std::int64_t>(i) / per_position;
    if (reach[i] <= position) continue;
    return refused("by its structure, what it gives behind token " + std::to_string(position) +
                   " may depend on token " + std::to_string(reach[i]) + ", so it may see what it is to say");
  }
  return CausalModel(info.root_identity, std::move(sampler), hides_text, nullptr);
}

namespace {

// What an accepted inference shows of a text.
struct Said {
  std::vector<std::int64_t> tokens;  // hidden ones are -1
  ShownText shown;
};

// Of a model that shows everything: tokens and choices.
Result<Said> said_openly(const GenerationClaim& claim, const VerifyResult& inference) {
  const VerifiedTensor &tokens = inference.inputs[0], &choices = inference.outputs[0];
  if (!tokens.group.is_public() || !choices.group.is_public())
    return invalid_argument("input and output are not public");
  for (std::size_t i = claim.num_prompt; i < claim.num_tokens; ++i) {
    if (tokens.integers[i] == choices.integers[i - 1]) continue;
    return invalid_argument("token " + std::to_string(i) + " is " + std::to_string(tokens.integers[i]) +
                            ", the model's choice is " + std::to_string(choices.integers[i - 1]));
  }
  return Said{tokens.integers, {}};
}

// Of one that shows parts (qir/shown_text.h).
Result<Said> said_in_parts(const GenerationClaim& claim, const VerifyResult& inference) {
  for (const VerifiedTensor& output : inference.outputs)
    if (!output.group.is_public() || output.integers.empty()) return invalid_argument("outputs are not public");
  const std::vector<std::int64_t>&shown = inference.outputs[0].integers, &parts = inference.outputs[2].integers;
  Said out;
  out.shown = {parts[shown.size()] == 1, parts[shown.size() + claim.num_prompt] == 1};
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const bool is_answer = i >= claim.num_prompt && i < claim.num_tokens;
    const bool is_shown = i < claim.num_prompt ? out.shown.prompt : is_answer && out.shown.answer;
    if (parts[i] != (is_answer ? 1 : 0) || parts[shown.size() + i] != (is_shown ? 1 : 0))
      return invalid_argument("what is shown at token " + std::to_string(i) + " is not prompt, answer or both");
    out.tokens.push_back(shown[i] - 1);
  }
  if (const std::int64_t unlike = inference.outputs[1].integers[0]; unlike != 0)
    return invalid_argument(std::to_string(unlike) + " tokens of the answer are not the model's choice");
  return out;
}

GenerationResult rejected(const std::string& where, RejectReason reason = RejectReason::kWrongStatement) {
  GenerationResult none;
  none.verdict = Verdict::reject(reason, "generation: " + where);
  return none;
}

}  // namespace

std::uint32_t claimed_before(const VerifyResult& turn) {
  if (turn.inputs.size() != 3 || turn.inputs[2].name != qir::kHistory || turn.inputs[1].integers.empty()) return 0;
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(turn.inputs[1].integers[0], 0, UINT32_MAX));
}

GenerationResult check_generation(const CausalModel& model, const VerifyResult& inference,
                                  const std::optional<SamplingRule>& demanded) {
  return check_turn(model, inference, nullptr, demanded);
}

namespace {

// Whether a turn goes on from what the turn before has left, none being before the first.
Verdict check_order(const Digest& root_identity, const VerifyResult& turn, const VerifyResult* before) {
  const auto broken = [](const std::string& where) { return Verdict::reject(RejectReason::kLink, "turn: " + where); };
  const std::uint32_t num_before = claimed_before(turn);
  const std::string begins = "it begins behind " + std::to_string(num_before) + " tokens, ";
  if (before == nullptr) {
    if (num_before == 0) return Verdict::accept();
    return broken(begins + "so the proofs of the turns before it belong to it; give them first, in order");
  }
  const std::optional<GenerationClaim> earlier = read_generation_context(before->context);
  if (!before->verdict.accepted() || !earlier.has_value() || before->root_identity != root_identity ||
      before->outputs.size() != 2 || turn.inputs.size() != 3)
    return broken("the one before it is no accepted turn of this model");
  const std::uint64_t end = std::uint64_t{claimed_before(*before)} + earlier->num_tokens;
  if (num_before != end) return broken(begins + "and the turns before it have " + std::to_string(end));
  return check_link(before->outputs.back(), turn.inputs.back());
}

}  // namespace

GenerationResult check_turn(const CausalModel& model, const VerifyResult& inference, const VerifyResult* before,
                            const std::optional<SamplingRule>& demanded) {
  GenerationResult result;
  result.verdict = inference.verdict;
  if (!inference.verdict.accepted()) return result;
  const std::optional<GenerationClaim> claim = read_generation_context(inference.context);
  if (!claim.has_value()) return rejected("the context is not one of a generation");
  if (inference.root_identity != model.root_identity()) return rejected("the proof is of another model");
  // What the structure says of dependences rests on the ranges of the weights.
  if (inference.weights == WeightEvidence::kUncertified || inference.weights == WeightEvidence::kNone)
    return rejected("an answer needs the certificate of the weights (or the weights)");
  if (claim->num_tokens > inference.inputs[0].num_elements()) return rejected("more tokens than the model reads");
  const SamplingRule rule = claim->sampling.value_or(SamplingRule{});
  if (demanded.has_value() && rule != *demanded)
    return rejected("the answer is by " + rule.to_string() + ", expected " + demanded->to_string());
  if (model.turns_ == nullptr && before != nullptr) return rejected("the model continues no conversation");
  if (model.turns_ != nullptr) {
    const api::Turns& turns = *model.turns_;
    if (const Verdict order = check_order(model.root_identity(), inference, before); !order.accepted()) {
      result = {};
      result.verdict = order;
      return result;
    }
    result.num_before = claimed_before(inference);
    if (!inference.inputs[1].group.is_public() || inference.inputs[1].integers != turns.shape.places(result.num_before))
      return rejected("the places of the tokens are not those behind " + std::to_string(result.num_before));
    if (std::uint64_t{result.num_before} + claim->num_tokens > static_cast<std::uint64_t>(turns.shape.rows))
      return rejected("more tokens than the model's conversations have");
    if (result.num_before > 0) {
      if (const Status status = turns.look_backwards(result.num_before); !status.ok())
        return rejected(status.message());
    }
  }
  if (claim->sampling.has_value() != (model.sampler_ != nullptr)) {
    return rejected(model.sampler_ == nullptr ? "the context says that it was sampled, the model does not sample"
                                              : "the context says nothing of the rule, and the model samples");
  }
  if (model.sampler_ != nullptr) {
    if (const Status status = api::check_rule(*claim->sampling, model.sampler_->shape.candidates); !status.ok())
      return rejected(status.message());
    // Behind what is shown, where parts are.
    const VerifiedTensor& drawn = model.hides_text() ? inference.outputs.back() : inference.inputs[1];
    if (!drawn.group.is_public()) return rejected("input and output are not public");
    if (drawn.integers != model.sampler_->drawn(*claim))
      return rejected("what was drawn is not that of " + claim->sampling->to_string() + " and the context");
  }
  const Result<Said> said = model.hides_text() ? said_in_parts(*claim, inference) : said_openly(*claim, inference);
  if (!said.ok()) return rejected(said.status().message());
  const auto begin = said->tokens.begin();
  if (said->shown.prompt) result.prompt.assign(begin, begin + claim->num_prompt);
  if (said->shown.answer) result.answer.assign(begin + claim->num_prompt, begin + claim->num_tokens);
  result.context = claim->context;
  result.sampling = claim->sampling;
  result.shown = said->shown;
  result.num_prompt = claim->num_prompt;
  result.num_answer = claim->num_tokens - claim->num_prompt;
  return result;
}

}  // namespace zkinfer
