// SPDX-License-Identifier: Apache-2.0
#include "generation.h"

#include <array>
#include <vector>

#include "inputs/input_bytes.h"
#include "print.h"
#include "result_json.h"
#include "text.h"
#include "zkinfer/hex.h"

namespace zkinfer::cli {

void add_tokenizer_option(CLI::App& command, std::string& path) {
  command
      .add_option("--tokenizer", path,
                  "the tokenizer that the language model comes with: tokenizer.json, tokenizer.model, tokenizer.bin or "
                  "a GGUF file")
      ->type_name(kReadsFile);
}

Result<std::optional<Tokenizer>> load_tokenizer(const std::string& path) {
  std::optional<Tokenizer> tokenizer;
  if (!path.empty()) {
    ZKI_ASSIGN_OR_RETURN(tokenizer, Tokenizer::read(path));
  }
  return tokenizer;
}

namespace {

void add_rule_options(CLI::App& command, SamplingOptions& options, const std::array<const char*, 4>& texts) {
  command.add_option("--temperature", options.temperature, texts[0]);
  command.add_option("--top-k", options.top_k, texts[1]);
  command.add_option("--top-p", options.top_p, texts[2]);
  command.add_option("--repetition-penalty", options.repetition, texts[3]);
}

}  // namespace

void add_sampling_options(CLI::App& command, SamplingOptions& options) {
  add_rule_options(command, options,
                   {"draw each token with the probabilities of scores divided by this, 0 to 2; 0: the most likely one",
                    "draw from this many best tokens",
                    "draw from the best tokens that together have this share of the probability, 0 to 1",
                    "divide the scores of tokens that are there already by this, 0.5 to 2; below 0 multiply"});
}

void add_demanded_rule(CLI::App& command, SamplingOptions& options) {
  add_rule_options(command, options,
                   {"the proof must be of an answer drawn by the rule of this and the next three options, and by no "
                    "other; 0: of the most likely tokens",
                    "of that rule: from this many best tokens", "of that rule: from the best tokens of this share",
                    "of that rule: the repetition penalty"});
}

Result<std::string> given_text(const std::string& given) {
  if (given != "-") return given;
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_bytes(given, Tokenizer::kMaxTextBytes, Content::kAny));
  return std::string(bytes.begin(), bytes.end());
}

Status check_vocabulary(Session& session, const Tokenizer& tokenizer, const std::string& path,
                        const TensorInfo& tokens) {
  ZKI_ASSIGN_OR_RETURN(const std::string warning, vocabulary_warning(tokenizer, "--tokenizer " + in_quotes(path),
                                                                     {tokens.format.lo, tokens.format.hi}));
  if (!warning.empty()) session.warn(warning);
  return ok_status();
}

std::string token_numbers(std::span<const std::int64_t> tokens) {
  std::string out;
  for (const std::int64_t token : tokens) out += (out.empty() ? "" : " ") + std::to_string(token);
  return out;
}

namespace {

// Each line marked: a prompt must not be able to write what looks like an answer.
std::string marked(const std::string& text) {
  std::string out = "  | ";
  for (const char c : printable_lines(text)) {
    out += c;
    if (c == '\n') out += "  | ";
  }
  return out + "\n";
}

// Tokens are numbers themselves, no multiples of a unit.
bool is_public_text(const std::vector<VerifiedTensor>& inputs) {
  return inputs.size() == 1 && inputs[0].group.is_public() && inputs[0].format.same_scale({}) &&
         !inputs[0].integers.empty();
}

std::string seed_text(const GenerationResult& generation) {
  if (!generation.seeded()) return "none: the prover chose what was drawn, of as many tries as it liked";
  return "the context: who gave it once model and prompt were fixed knows that the prover did not choose";
}

}  // namespace

std::string read_text(const std::vector<VerifiedTensor>& inputs, const std::optional<Tokenizer>& tokenizer) {
  if (!is_public_text(inputs)) return "";
  if (!tokenizer.has_value()) return "if these are tokens of a text, --tokenizer shows it\n";
  return pairs_text({{"tokenizer", to_hex(tokenizer->digest()) + " (as given, no part of the proof)"}}) + "text\n" +
         marked(tokens_text(*tokenizer, inputs[0].integers, false));
}

nlohmann::ordered_json read_text_json(const std::vector<VerifiedTensor>& inputs, const Tokenizer& tokenizer) {
  if (!is_public_text(inputs)) return nullptr;
  return {{"text", tokens_text(tokenizer, inputs[0].integers, false)},
          {"tokenizer_digest", to_hex(tokenizer.digest())}};
}

std::string said_text(const GenerationResult& generation, const std::optional<Tokenizer>& tokenizer) {
  std::string text;
  if (!tokenizer.has_value()) return text;
  if (generation.shown.prompt) text += "prompt\n" + marked(tokens_text(*tokenizer, generation.prompt, false));
  if (generation.shown.answer) text += "answer\n" + marked(tokens_text(*tokenizer, generation.answer, true));
  return text;
}

std::string generation_text(const GenerationResult& generation, const std::optional<Tokenizer>& tokenizer) {
  const SamplingRule rule = generation.sampling.value_or(SamplingRule{});
  const bool is_drawn = rule.temperature > 0;
  std::vector<std::pair<std::string, std::string>> rows = {
      {"answer", counted(generation.num_answer, "token") +
                     (is_drawn                 ? ", each drawn by the rule from the model's scores after all before it"
                      : rule == SamplingRule{} ? ", each the model's most likely one after all before it"
                                               : ", each the best one by the rule after all before it")}};
  if (generation.num_before > 0)
    rows.emplace_back("turn", "behind " + counted(generation.num_before, "token") + " of the turns before it");
  if (rule != SamplingRule{}) rows.emplace_back("rule", rule.to_string());
  if (is_drawn) rows.emplace_back("seed", seed_text(generation));
  const auto hidden = [](std::uint32_t count) { return counted(count, "token") + ", hidden"; };
  if (!generation.shown.prompt) rows.emplace_back("prompt", hidden(generation.num_prompt));
  if (!generation.shown.answer) rows.emplace_back("text of the answer", hidden(generation.num_answer));
  if (!tokenizer.has_value() || (!generation.shown.prompt && !generation.shown.answer)) {
    if (generation.shown.prompt) rows.emplace_back("prompt tokens", token_numbers(generation.prompt));
    if (generation.shown.answer) rows.emplace_back("answer tokens", token_numbers(generation.answer));
    const bool has_text = !tokenizer.has_value() && (generation.shown.prompt || generation.shown.answer);
    return pairs_text(rows) + (has_text ? "--tokenizer shows the text\n" : "");
  }
  if (generation.shown.prompt) rows.emplace_back("prompt", counted(generation.num_prompt, "token"));
  rows.emplace_back("tokenizer", to_hex(tokenizer->digest()) + " (as given, no part of the proof)");
  if (generation.shown.answer) {
    rows.emplace_back("end", is_end(*tokenizer, generation.answer.back())
                                 ? "the model's own: its last token ends a text"
                                 : "where whoever proved it stopped, not the model");
  }
  return pairs_text(rows) + said_text(generation, tokenizer);
}

nlohmann::ordered_json generation_with_text_json(const GenerationResult& generation,
                                                 const std::optional<Tokenizer>& tokenizer) {
  nlohmann::ordered_json json = parsed(generation_json(generation));
  if (tokenizer.has_value()) {
    if (generation.shown.prompt) json["prompt"] = tokens_text(*tokenizer, generation.prompt, false);
    if (generation.shown.answer) {
      json["answer"] = tokens_text(*tokenizer, generation.answer, true);
      json["ends_itself"] = is_end(*tokenizer, generation.answer.back());
    }
    json["tokenizer_digest"] = to_hex(tokenizer->digest());
  }
  return json;
}

}  // namespace zkinfer::cli
