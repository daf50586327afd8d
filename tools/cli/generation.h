// SPDX-License-Identifier: Apache-2.0
// Answers of language models as people read them.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "command.h"
#include "tokenizer/conversation.h"
#include "zkinfer/generation.h"

namespace zkinfer::cli {

// --tokenizer: what makes text of tokens.
void add_tokenizer_option(CLI::App& command, std::string& path);
// Nothing without a path.
Result<std::optional<Tokenizer>> load_tokenizer(const std::string& path);

// --temperature and the like: of what draws, and of what an answer must have been drawn by.
void add_sampling_options(CLI::App& command, SamplingOptions& options);
void add_demanded_rule(CLI::App& command, SamplingOptions& options);

// A text as it was given, or that of standard input for "-".
Result<std::string> given_text(const std::string& given);

// vocabulary_warning, of the model whose input of tokens this is, as the command says it.
Status check_vocabulary(Session& session, const Tokenizer& tokenizer, const std::string& path,
                        const TensorInfo& tokens);

// "1 403 407 .."
std::string token_numbers(std::span<const std::int64_t> tokens);

// The text that an inference of a key that reads texts read, where it is public: for `verify`; null or empty: it is not.
std::string read_text(const std::vector<VerifiedTensor>& inputs, const std::optional<Tokenizer>& tokenizer);
nlohmann::ordered_json read_text_json(const std::vector<VerifiedTensor>& inputs, const Tokenizer& tokenizer);

// The texts of prompt and answer, as far as they are shown, each below its name; nothing without a tokenizer.
std::string said_text(const GenerationResult& generation, const std::optional<Tokenizer>& tokenizer);

// Lines on an accepted generation, and the same for programs. Without a tokenizer: token numbers.
std::string generation_text(const GenerationResult& generation, const std::optional<Tokenizer>& tokenizer);
nlohmann::ordered_json generation_with_text_json(const GenerationResult& generation,
                                                 const std::optional<Tokenizer>& tokenizer);

}  // namespace zkinfer::cli
