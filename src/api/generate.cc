// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/generate.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "api/model_impl.h"
#include "api/token_choices.h"
#include "exec/integer/continued.h"

namespace zkinfer {

namespace {

// The choice behind the tokens so far: what a token changes is computed, where the program shows what that is; else the whole program.
class Decoder {
 public:
  static Result<Decoder> begin(const Model& model, std::span<const std::int64_t> prompt, std::uint32_t capacity) {
    Decoder out(model);
    // Positions do not see what is behind them, so whatever fills the rest changes nothing.
    out.tokens_.assign(capacity, 0);
    std::ranges::copy(prompt, out.tokens_.begin());
    out.known_ = prompt.size();
    Result<exec_integer::Continued> continued = exec_integer::Continued::begin(
        out.package().graph, out.package().weights, out.tokens_, static_cast<std::int64_t>(prompt.size()));
    if (continued.ok()) {
      out.continued_ = std::move(continued).value();
      return out;
    }
    const StatusCode code = continued.status().code();
    if (code != StatusCode::kUnsupported && code != StatusCode::kResourceLimit) return continued.status();
    ZKI_RETURN_IF_ERROR(out.run_whole());
    return out;
  }
  std::int64_t choice() const {
    const std::size_t at = known_ - 1;
    return continued_.has_value() ? continued_->output()[at] : choices_[at];
  }
  // No choice is asked for behind the last one.
  Status push(std::int64_t token) {
    tokens_[known_++] = token;
    if (!continued_.has_value()) return run_whole();
    ZKI_RETURN_IF_ERROR(continued_->next(token));
    if (continued_->reach(known_ - 1) < static_cast<std::int64_t>(known_)) return ok_status();
    continued_.reset();  // it may look ahead, so it is what the whole program says
    return run_whole();
  }

 private:
  explicit Decoder(const Model& model) : model_(model) {}
  const package::Package& package() const { return api::impl(model_).package; }
  Status run_whole() {
    ZKI_ASSIGN_OR_RETURN(exec_integer::Witness witness,
                         exec_integer::run(package().graph, package().weights, {tokens_}));
    choices_ = std::move(witness.values[package().graph.outputs[0]]);
    return ok_status();
  }

  Model model_;
  std::vector<std::int64_t> tokens_, choices_;
  std::size_t known_ = 0;
  std::optional<exec_integer::Continued> continued_;
};

}  // namespace

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
  const std::vector<TensorInfo> inputs = model.inputs(), outputs = model.outputs();
  const bool fits = api::why_no_choices(inputs, outputs).empty() && inputs[0].format.lo == 0 &&
                    inputs[0].num_elements() <= std::numeric_limits<std::uint32_t>::max();
  if (!fits) {
    return invalid_argument(
        "model '" + model.name() +
        "': it does not give the next token for each token that it reads; compile a language model with "
        "the head 'choice'");
  }
  return LanguageShape{static_cast<std::uint32_t>(inputs[0].num_elements()), inputs[0].format.hi};
}

Result<Generated> generate(const Model& model, std::span<const std::int64_t> prompt, const GenerateOptions& options) {
  ZKI_ASSIGN_OR_RETURN(const LanguageShape shape, language_shape(model));
  if (prompt.empty()) return invalid_argument("the prompt has no token");
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
  Generated out;
  out.tokens.assign(prompt.begin(), prompt.end());
  out.num_prompt = static_cast<std::uint32_t>(prompt.size());
  ZKI_ASSIGN_OR_RETURN(Decoder decoder, Decoder::begin(model, prompt, shape.capacity));
  for (;;) {
    const std::int64_t token = decoder.choice();
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
    } else if (out.tokens.size() >= shape.capacity) {
      out.end = GenerationEnd::kCapacity;
    } else {
      ZKI_RETURN_IF_ERROR(decoder.push(token));
      continue;
    }
    return out;
  }
}

Result<ProveRequest> generation_request(const Model& model, const Generated& generated, ByteView context) {
  ZKI_ASSIGN_OR_RETURN(const LanguageShape shape, language_shape(model));
  if (generated.tokens.size() > shape.capacity) {
    return out_of_range(std::to_string(generated.tokens.size()) + " tokens, the model reads " +
                        std::to_string(shape.capacity));
  }
  ProveRequest request;
  ZKI_ASSIGN_OR_RETURN(
      request.context,
      generation_context(generated.num_prompt, static_cast<std::uint32_t>(generated.tokens.size()), context));
  request.integers = {generated.tokens};
  request.integers[0].resize(shape.capacity, 0);
  return request;
}

}  // namespace zkinfer
