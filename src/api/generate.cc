// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/generate.h"

#include <algorithm>
#include <limits>
#include <string>

#include "api/token_choices.h"

namespace zkinfer {

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
  // Positions do not see what is behind them, so whatever fills the rest changes nothing.
  std::vector<std::int64_t> filled(shape.capacity, 0);
  std::ranges::copy(prompt, filled.begin());
  const std::vector<std::int64_t> dims = model.inputs()[0].shape;
  for (;;) {
    const TensorView view{Dtype::kInt64, dims, filled.data()};
    ZKI_ASSIGN_OR_RETURN(const RunResult run, model.run({&view, 1}));
    const std::int64_t token = run.outputs[0][out.tokens.size() - 1];
    if (token < 0 || token > shape.most_token)
      return invalid_argument("model '" + model.name() + "': it gives token " + std::to_string(token) +
                              ", which it cannot read");
    filled[out.tokens.size()] = token;
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
