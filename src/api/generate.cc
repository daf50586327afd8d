// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/generate.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "api/model_impl.h"
#include "api/sampling.h"
#include "api/token_choices.h"
#include "exec/integer/continued.h"
#include "qir/shown_text.h"
#include "qir/turn.h"

namespace zkinfer {

namespace {

// What with_hidden_text was given, or the program as it is.
qir::QGraph text_apart(const qir::QGraph& graph) {
  std::optional<qir::QGraph> answers = qir::answers_of(graph);
  return answers.has_value() ? std::move(*answers) : graph;
}

// The program whose output stands behind each token: its choice, or, where one is drawn, the scores. Of a model that samples the scored part, with
// its weights.
struct Decoded {
  qir::QGraph graph;
  qir::WeightStore weights;
  std::optional<api::Sampler> sampler;
};

Decoded decoded(const Model& model) {
  const package::Package& package = api::impl(model).package;
  qir::QGraph answers = text_apart(package.graph);
  std::optional<qir::Sampled> sampled = qir::sampler_of(answers);
  if (!sampled.has_value()) {
    qir::WeightStore weights = api::resized(package.weights, answers.values.size());
    return {std::move(answers), std::move(weights), {}};
  }
  qir::WeightStore weights = api::resized(package.weights, sampled->scored.values.size());
  return {std::move(sampled->scored), std::move(weights), api::Sampler{sampled->shape, model.structure_digest()}};
}

// What stands behind the tokens so far: what a token changes is computed, where the program shows what that is; else the whole program.
class Decoder {
 public:
  static Result<Decoder> begin(const Model& model, std::span<const std::int64_t> prompt, std::uint32_t capacity,
                               const TurnBefore& before) {
    Decoder out(std::make_unique<const Decoded>(decoded(model)));
    // Positions do not see what is behind them, so whatever fills the rest changes nothing.
    out.inputs_ = {std::vector<std::int64_t>(capacity, 0)};
    std::ranges::copy(prompt, out.inputs_[0].begin());
    if (const std::optional<qir::TurnShape> turn = qir::turn_of(out.program().graph)) {
      out.inputs_.push_back(turn->places(before.num_tokens));
      out.inputs_.push_back(before.history != nullptr
                                ? before.history->integers()
                                : std::vector<std::int64_t>(static_cast<std::size_t>(turn->rows * turn->width), 0));
    }
    out.known_ = prompt.size();
    Result<exec_integer::Continued> continued = exec_integer::Continued::begin(
        out.program().graph, out.program().weights, out.inputs_, static_cast<std::int64_t>(prompt.size()));
    if (continued.ok()) {
      out.continued_ = std::move(continued).value();
      return out;
    }
    const StatusCode code = continued.status().code();
    if (code != StatusCode::kUnsupported && code != StatusCode::kResourceLimit) return continued.status();
    ZKI_RETURN_IF_ERROR(out.run_whole());
    return out;
  }
  Result<std::int64_t> choice(const SamplingRule& rule, const GenerationContext& context) const {
    const std::span<const std::int64_t> all = continued_.has_value() ? continued_->output() : outputs_;
    const std::span<const std::int64_t> last = all.subspan((known_ - 1) * width(), width());
    if (!program().sampler.has_value()) return last[0];
    return drawn(last, rule, context);
  }
  // No choice is asked for behind the last one.
  Status push(std::int64_t token) {
    inputs_[0][known_++] = token;
    if (!continued_.has_value()) return run_whole();
    ZKI_RETURN_IF_ERROR(continued_->next(token));
    for (std::size_t i = (known_ - 1) * width(); i < known_ * width(); ++i) {
      if (continued_->reach(i) < static_cast<std::int64_t>(known_)) continue;
      continued_.reset();  // it may look ahead, so it is what the whole program says
      return run_whole();
    }
    return ok_status();
  }

 private:
  explicit Decoder(std::unique_ptr<const Decoded> program) : program_(std::move(program)) {}
  const Decoded& program() const { return *program_; }
  std::size_t width() const {
    return program().sampler.has_value() ? static_cast<std::size_t>(program().sampler->shape.vocabulary) : 1;
  }
  Status run_whole() {
    ZKI_ASSIGN_OR_RETURN(exec_integer::Witness witness, exec_integer::run(program().graph, program().weights, inputs_));
    outputs_ = std::move(witness.values[program().graph.outputs[0]]);
    return ok_status();
  }
  // By the same rule, of one position that sees all tokens so far.
  Result<std::int64_t> drawn(std::span<const std::int64_t> scores, const SamplingRule& rule,
                             const GenerationContext& context) const {
    const api::Sampler& sampler = *program().sampler;
    const qir::QGraph& whole = program().graph;
    const auto known = static_cast<std::int64_t>(known_);
    qir::QGraph one;
    one.name = whole.name;
    one.values = {whole.value(whole.inputs[0]), whole.value(whole.outputs[0])};
    one.values[0].shape = {1, known};
    one.values[1].shape = {1, 1, sampler.shape.vocabulary};
    one.values[1].kind = qir::ValueKind::kInput;
    one.inputs = {0, 1};
    one.outputs = {1};
    ZKI_ASSIGN_OR_RETURN(one, qir::with_sampler(std::move(one), sampler.shape.candidates, "next"));
    ZKI_ASSIGN_OR_RETURN(const exec_integer::Witness witness,
                         exec_integer::run(one, qir::WeightStore(qir::Weights(one.values.size())),
                                           {{inputs_[0].begin(), inputs_[0].begin() + known},
                                            {scores.begin(), scores.end()},
                                            sampler.drawn_at(rule, context, static_cast<std::uint32_t>(known_ - 1))}));
    return witness.values[one.outputs[0]][0];
  }

  std::unique_ptr<const Decoded> program_;
  exec_integer::Inputs inputs_;
  std::vector<std::int64_t> outputs_;
  std::size_t known_ = 0;
  std::optional<exec_integer::Continued> continued_;
};

}  // namespace

Result<TensorInfo> encoder_input(const Model& model) {
  std::vector<TensorInfo> inputs = model.inputs();
  if (!reads_text(inputs)) {
    return invalid_argument(
        "model '" + model.name() +
        "': its input is no text, one row of tokens; give a language model that was compiled for the head "
        "'mean', 'first' or 'none' (CompileOptions::head)");
  }
  if (language_shape(model).ok()) {
    return invalid_argument(
        "model '" + model.name() +
        "' says the next token for each that it reads, and embeds nothing; generate shows what it "
        "says, and one that was compiled for the head 'mean', 'first' or 'none' (CompileOptions::head) embeds");
  }
  return std::move(inputs[0]);
}

Result<std::vector<std::int64_t>> encoder_text(const Model& model, std::span<const std::int64_t> tokens) {
  ZKI_ASSIGN_OR_RETURN(const TensorInfo input, encoder_input(model));
  const std::uint64_t reads = input.num_elements();
  const std::optional<std::int64_t>& pad_token = model.compile_record().pad_token;
  if (tokens.empty() || tokens.size() > reads || (tokens.size() < reads && !pad_token)) {
    return invalid_argument("the text has " + std::to_string(tokens.size()) +
                            " tokens with those that the model wants around it, and the model reads " +
                            (pad_token ? "1 to " : "") + std::to_string(reads) + "; compile it for " +
                            std::to_string(std::max<std::size_t>(1, tokens.size())) +
                            " (CompileOptions::tokens), or give a text of that length");
  }
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] >= input.format.lo && tokens[i] <= input.format.hi) continue;
    return out_of_range("the text's token " + std::to_string(i) + " is " + std::to_string(tokens[i]) +
                        ", the model knows " + std::to_string(input.format.lo) + " to " +
                        std::to_string(input.format.hi));
  }
  std::vector<std::int64_t> out(tokens.begin(), tokens.end());
  out.resize(reads, pad_token.value_or(0));
  return out;
}

qir::WeightStore api::resized(const qir::WeightStore& weights, std::size_t num_values) {
  std::vector<IntSpan> spans;
  for (std::size_t id = 0; id < std::min(num_values, weights.size()); ++id) spans.push_back(weights[id]);
  spans.resize(num_values);
  return {std::move(spans), weights.memory()};
}

package::Package api::greedy_package(const package::Package& package) {
  package::Package out = package;
  qir::QGraph answers = text_apart(package.graph);
  std::optional<qir::Sampled> sampled = qir::sampler_of(answers);
  if (!sampled.has_value() && answers.values.size() == package.graph.values.size()) return out;
  const std::string output = answers.value(answers.outputs[0]).name;
  out.graph = sampled.has_value() ? qir::greedy_of(std::move(sampled->scored), output) : std::move(answers);
  out.weights = resized(package.weights, out.graph.values.size());
  out.cuts.clear();
  return out;
}

const char* generation_end_name(GenerationEnd end) {
  switch (end) {
    case GenerationEnd::kEndToken: return "end token";
    case GenerationEnd::kMostTokens: return "as many tokens as asked for";
    case GenerationEnd::kCapacity: return "as many tokens as the model reads";
    case GenerationEnd::kStopped: return "stopped";
  }
  return "";
}

Result<LanguageShape> language_shape(const Model& model) {
  std::vector<TensorInfo> inputs = model.inputs(), outputs = model.outputs();
  const qir::QGraph& whole = api::impl(model).package.graph;
  const std::optional<qir::QGraph> answers = qir::answers_of(whole);
  if (answers.has_value()) {
    inputs.pop_back();
    outputs.resize(1);
  }
  const std::optional<qir::Sampled> sampled = qir::sampler_of(answers.has_value() ? *answers : whole);
  if (sampled.has_value()) inputs.resize(1);
  const std::optional<qir::TurnShape> turn = qir::turn_of(whole);
  if (turn.has_value()) {
    inputs.resize(1);
    outputs.resize(1);
  }
  const bool fits = api::why_no_choices(inputs, outputs).empty() && inputs[0].format.lo == 0 &&
                    inputs[0].num_elements() <= std::numeric_limits<std::uint32_t>::max();
  if (!fits) {
    return invalid_argument(
        "model '" + model.name() +
        "': it does not give the next token for each token that it reads; compile a language model with "
        "the head 'choice'");
  }
  return LanguageShape{static_cast<std::uint32_t>(inputs[0].num_elements()), inputs[0].format.hi,
                       sampled.has_value() ? static_cast<std::uint32_t>(sampled->shape.candidates) : 0,
                       answers.has_value(), turn.has_value() ? static_cast<std::uint32_t>(turn->rows) : 0};
}

namespace {

Status check_before(const Model& model, const LanguageShape& shape, std::size_t num_tokens, const TurnBefore& before) {
  if (shape.conversation == 0) {
    if (before.num_tokens == 0 && before.history == nullptr) return ok_status();
    return invalid_argument("model '" + model.name() +
                            "' reads one text; compile it for a conversation to go on from an earlier turn");
  }
  if (before.num_tokens > 0 && before.history == nullptr)
    return invalid_argument("a turn behind " + std::to_string(before.num_tokens) +
                            " tokens goes on from the history that they left");
  if (before.history != nullptr && before.history->integers().size() != model.inputs()[2].num_elements())
    return invalid_argument("the history is another model's: it has " +
                            std::to_string(before.history->integers().size()) + " numbers, expected " +
                            std::to_string(model.inputs()[2].num_elements()));
  if (before.num_tokens + num_tokens < shape.conversation) return ok_status();
  return out_of_range("the turns before have " + std::to_string(before.num_tokens) + " tokens and the prompt " +
                      std::to_string(num_tokens) + ", and the model's conversations have " +
                      std::to_string(shape.conversation) + "; begin a new one, or compile the model for longer ones");
}

}  // namespace

Result<CommittedTensor> new_history(const VerificationKey& key, const std::optional<Digest>& insecure_seed) {
  const KeyInfo& info = key.info();
  if (!info.carries) return invalid_argument("model '" + info.model_name + "' continues no conversations");
  return CommittedTensor::create(
      key, info.input_tensors.size() - 1,
      std::vector<std::int64_t>(static_cast<std::size_t>(info.input_tensors.back().num_elements()), 0), insecure_seed);
}

Result<Model> with_sampling(const Model& model, std::uint32_t num_candidates) {
  const package::Package& package = api::impl(model).package;
  if (qir::is_turn(package.graph))
    return unsupported("model '" + model.name() + "': a conversation's answers are not sampled yet, they are greedy");
  std::optional<qir::QGraph> scored = qir::scored_of(package.graph);
  if (!scored.has_value() || !language_shape(model).ok()) {
    return invalid_argument("model '" + model.name() +
                            "': it does not choose the next token by its scores, so nothing can be sampled; compile a "
                            "language model with the head 'choice'");
  }
  if (!package.cuts.empty())
    return invalid_argument("model '" + model.name() + "': it is cut already; first let it sample, then cut it");
  auto impl = std::make_shared<api::Access::Impl<Model>>();
  impl->package = package;
  const std::string output = package.graph.value(package.graph.outputs[0]).name;
  ZKI_ASSIGN_OR_RETURN(impl->package.graph, qir::with_sampler(std::move(*scored), num_candidates, output));
  impl->package.weights = api::resized(package.weights, impl->package.graph.values.size());
  return api::Access::make<Model>(std::move(impl));
}

Result<Model> with_hidden_text(const Model& model) {
  const package::Package& package = api::impl(model).package;
  ZKI_RETURN_IF_ERROR(language_shape(model).status());
  if (qir::is_turn(package.graph))
    return unsupported("model '" + model.name() + "': a conversation's text is not hidden yet, it is public");
  if (qir::answers_of(package.graph).has_value())
    return invalid_argument("model '" + model.name() + "': its proofs may hide text already");
  if (!package.cuts.empty())
    return invalid_argument("model '" + model.name() + "': it is cut already; first let it hide text, then cut it");
  auto impl = std::make_shared<api::Access::Impl<Model>>();
  impl->package = package;
  ZKI_ASSIGN_OR_RETURN(impl->package.graph, qir::with_shown_text(package.graph));
  impl->package.weights = api::resized(package.weights, impl->package.graph.values.size());
  return api::Access::make<Model>(std::move(impl));
}

Model greedy_model(const Model& model) {
  auto impl = std::make_shared<api::Access::Impl<Model>>();
  impl->package = api::greedy_package(api::impl(model).package);
  return api::Access::make<Model>(std::move(impl));
}

namespace {

// Before the model says a word.
Status check_sampling(const LanguageShape& shape, const GenerateOptions& options) {
  if (options.context.size() > sizeof(GenerationContext)) {
    return invalid_argument("the context of a generation has at most 16 bytes, got " +
                            std::to_string(options.context.size()));
  }
  if (!options.sampling.has_value()) return ok_status();
  if (shape.num_candidates == 0) {
    return invalid_argument(
        "sampling: this model gives its most likely tokens only; compile it for a number of candidates");
  }
  return api::check_rule(*options.sampling, shape.num_candidates);
}

}  // namespace

namespace {

// Tokens that prompt and answer may have together.
std::uint32_t room_of(const LanguageShape& shape, std::uint32_t num_before) {
  if (shape.conversation == 0) return shape.capacity;
  return std::min(shape.capacity, shape.conversation - std::min(shape.conversation, num_before));
}

}  // namespace

std::string shorter_answer(const LanguageShape& shape, std::size_t num_prompt, std::uint64_t most_tokens,
                           std::uint32_t num_before) {
  const std::uint32_t room = room_of(shape, num_before);
  if (num_prompt >= room || most_tokens <= room - num_prompt) return {};
  return std::to_string(most_tokens) + " tokens were asked for, and the model reads " + std::to_string(room) +
         (shape.conversation > 0 ? " in this turn" : "") + ", of which the prompt has " + std::to_string(num_prompt) +
         ": the answer has at most " + std::to_string(room - num_prompt) +
         "; a model that is compiled for more tokens says more";
}

Status check_prompt(const Model& model, std::span<const std::int64_t> prompt, const GenerateOptions& options) {
  ZKI_ASSIGN_OR_RETURN(const LanguageShape shape, language_shape(model));
  if (prompt.empty()) return invalid_argument("the prompt has no token; give at least one to go on from");
  if (options.most_tokens == 0) return invalid_argument("an answer of 0 tokens; ask for at least 1");
  for (const std::int64_t token : prompt) {
    if (token < 0 || token > shape.most_token) {
      return invalid_argument("token " + std::to_string(token) + " of the prompt: the model knows 0 to " +
                              std::to_string(shape.most_token));
    }
  }
  if (prompt.size() >= shape.capacity) {
    return out_of_range("the prompt has " + std::to_string(prompt.size()) + " tokens, and the model reads " +
                        std::to_string(shape.capacity) +
                        " with the answer; shorten it, or compile the model for more tokens");
  }
  ZKI_RETURN_IF_ERROR(check_before(model, shape, prompt.size(), options.before));
  ZKI_RETURN_IF_ERROR(check_sampling(shape, options));
  return ok_status();
}

Result<Generated> generate(const Model& model, std::span<const std::int64_t> prompt, const GenerateOptions& options) {
  ZKI_RETURN_IF_ERROR(check_prompt(model, prompt, options));
  ZKI_ASSIGN_OR_RETURN(const LanguageShape shape, language_shape(model));
  GenerationContext context{};
  std::ranges::copy(options.context, context.begin());
  Generated out;
  out.sampling = options.sampling;
  out.context = options.context;
  out.before = options.before;
  const std::uint32_t room = room_of(shape, options.before.num_tokens);
  out.tokens.assign(prompt.begin(), prompt.end());
  out.num_prompt = static_cast<std::uint32_t>(prompt.size());
  ZKI_ASSIGN_OR_RETURN(Decoder decoder, Decoder::begin(model, prompt, shape.capacity, options.before));
  for (;;) {
    ZKI_ASSIGN_OR_RETURN(const std::int64_t token, decoder.choice(options.sampling.value_or(SamplingRule{}), context));
    if (token < 0 || token > shape.most_token)
      return invalid_argument("model '" + model.name() + "': it gives token " + std::to_string(token) +
                              ", which it cannot read");
    out.tokens.push_back(token);
    const bool goes_on = !options.told || options.told(token);
    if (std::ranges::find(options.end_tokens, token) != options.end_tokens.end()) {
      out.end = GenerationEnd::kEndToken;
    } else if (!goes_on) {
      out.end = GenerationEnd::kStopped;
    } else if (out.tokens.size() - prompt.size() >= options.most_tokens) {
      out.end = GenerationEnd::kMostTokens;
    } else if (out.tokens.size() >= room) {
      out.end = GenerationEnd::kCapacity;
    } else {
      ZKI_RETURN_IF_ERROR(decoder.push(token));
      continue;
    }
    return out;
  }
}

Result<ProveRequest> generation_request(const Model& model, const Generated& generated) {
  ZKI_ASSIGN_OR_RETURN(const LanguageShape shape, language_shape(model));
  if (generated.tokens.size() > shape.capacity) {
    return out_of_range(std::to_string(generated.tokens.size()) + " tokens, the model reads " +
                        std::to_string(shape.capacity));
  }
  // What is proven of a model that samples names its rule always.
  std::optional<SamplingRule> rule = generated.sampling;
  if (shape.num_candidates > 0 && !rule.has_value()) rule.emplace();
  ProveRequest request;
  ZKI_ASSIGN_OR_RETURN(request.context,
                       generation_context(generated.num_prompt, static_cast<std::uint32_t>(generated.tokens.size()),
                                          generated.context, rule));
  request.integers = {generated.tokens};
  request.integers[0].resize(shape.capacity, 0);
  if (shape.conversation > 0) {
    if (generated.before.history == nullptr)
      return invalid_argument("a turn is proven behind a history: new_history() of the key, for the first");
    ZKI_RETURN_IF_ERROR(check_before(model, shape, generated.tokens.size() - 1, generated.before));
    request.integers.push_back(qir::turn_of(api::impl(model).package.graph)->places(generated.before.num_tokens));
    request.committed_inputs = {generated.before.history};
  }
  if (shape.num_candidates > 0) {
    const qir::Sampled sampled = *qir::sampler_of(text_apart(api::impl(model).package.graph));
    const api::Sampler sampler{sampled.shape, model.structure_digest()};
    request.integers.push_back(sampler.drawn(*read_generation_context(request.context)));
  }
  if (!shape.hides_text) {
    if (generated.shown.everything()) return request;
    return invalid_argument("model '" + model.name() +
                            "': its proofs show prompt and answer; compile it so that they may hide them");
  }
  std::vector<std::int64_t>& parts = request.integers.emplace_back(2 * std::size_t{shape.capacity}, 0);
  for (std::size_t i = 0; i < generated.tokens.size(); ++i) {
    const bool is_answer = i >= generated.num_prompt;
    parts[i] = is_answer ? 1 : 0;
    parts[shape.capacity + i] = (is_answer ? generated.shown.answer : generated.shown.prompt) ? 1 : 0;
  }
  return request;
}

}  // namespace zkinfer
