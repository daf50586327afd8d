// SPDX-License-Identifier: Apache-2.0
#include "network_options.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "files.h"

namespace zkinfer::cli {

namespace {

constexpr std::pair<const char*, LanguageHead> kHeads[] = {
    {"choice", LanguageHead::kChoice}, {"logits", LanguageHead::kLogits}, {"none", LanguageHead::kNone},
    {"mean", LanguageHead::kMean},     {"first", LanguageHead::kFirst},
};

}  // namespace

void add_network_options(CLI::App& command, NetworkOptions& options, const std::string& when) {
  command
      .add_option(
          "--shape", options.shapes,
          when + "shape of an input with dynamic axes, name=1,3,224,224, or length of a symbolic axis, name=128")
      ->expected(1, 64);
  command.add_option("--tokens", options.tokens, when + "how many tokens one inference of a language model reads");
  command.add_option("--conversation", options.conversation,
                     when +
                         "of a language model: how many tokens all turns of a conversation may have, each proven from "
                         "what the one before has left; --tokens is then what one turn may have");
  std::vector<std::string> words;
  for (const auto& [word, head] : kHeads) words.emplace_back(word);
  command
      .add_option(
          "--head", options.head,
          when +
              "what a language model gives at each position: the most likely next token (the default), the scores of "
              "all, its hidden states, or their mean")
      ->check(CLI::IsMember(words));
}

Status set_network_options(const NetworkOptions& options, CompileOptions& compile) {
  ZKI_ASSIGN_OR_RETURN(compile.input_shapes, parse_input_shapes(options.shapes));
  compile.tokens = options.tokens;
  compile.conversation = options.conversation;
  const auto* head = std::find_if(std::begin(kHeads), std::end(kHeads),
                                  [&](const auto& entry) { return entry.first == options.head; });
  if (head != std::end(kHeads)) compile.head = head->second;
  return ok_status();
}

}  // namespace zkinfer::cli
