// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fstream>

#include "inputs/input_bytes.h"
#include "inspect.h"
#include "option_words.h"
#include "text.h"
#include "tokenizer/tokenizer.h"
#include "zkinfer/compile.h"
#include "zkinfer/hex.h"

namespace zkinfer::cli {
namespace {

using Json = nlohmann::ordered_json;
using Rows = std::vector<std::pair<std::string, std::string>>;

std::string quoted_piece(const Tokenizer& tokenizer, int token) {
  return std::to_string(token) + " '" + std::string(tokenizer.piece(token)) + "'";
}

Rows tokenizer_rows(const Tokenizer& tokenizer) {
  Rows rows = {{"format", tokenizer.format()},
               {"rule", std::string(tokenizer.model_name())},
               {"pieces", human_count(static_cast<std::uint64_t>(tokenizer.size()))}};
  if (tokenizer.begin().has_value()) rows.emplace_back("begins a text", quoted_piece(tokenizer, *tokenizer.begin()));
  std::string ends;
  for (const int token : tokenizer.end_tokens()) ends += (ends.empty() ? "" : ", ") + quoted_piece(tokenizer, token);
  if (!ends.empty()) rows.emplace_back("ends an answer", ends);
  rows.emplace_back("digest", to_hex(tokenizer.digest()));
  return rows;
}

Json tokenizer_json(const Tokenizer& tokenizer) {
  return {{"format", tokenizer.format()},
          {"pieces", tokenizer.size()},
          {"end_tokens", tokenizer.end_tokens()},
          {"digest", to_hex(tokenizer.digest())}};
}

// A tokenizer.json that this reader does not know is one all the same.
bool says_tokenizer(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string head(4096, '\0');
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  const std::size_t first = head.find_first_not_of(" \t\r\n");
  return first != std::string::npos && head[first] == '{' && head.find("\"added_tokens\"") != std::string::npos;
}

}  // namespace

Result<std::optional<Description>> describe_tokenizer(const std::string& path) {
  ZKI_ASSIGN_OR_RETURN(const std::string opened, opened_path(path));
  const Result<Tokenizer> tokenizer = Tokenizer::read(opened);
  if (!tokenizer.ok()) {
    if (says_tokenizer(opened)) return tokenizer.status();
    return std::optional<Description>();
  }
  Description out{"tokenizer", tokenizer_rows(*tokenizer), "", {}, "tokenizer", tokenizer_json(*tokenizer)};
  out.facts.emplace_back("use",
                         "what a language model comes with: --tokenizer of `zkinfer compile`, `generate`, `embed`, "
                         "`verify`; `zkinfer tokenize` shows the tokens of a text");
  return std::optional(std::move(out));
}

std::optional<Description> describe_language_model(const std::string& path, const Status& open) {
  // It is one if what it lacks is the number of tokens.
  CompileOptions one;
  one.tokens = 1;
  const Result<std::string> opened = opened_path(path);
  if (!opened.ok() || !network_inputs(*opened, one).ok()) return std::nullopt;
  Description out{"language model", {}, "", {}, "language_model"};
  if (const Result<Tokenizer> tokenizer = Tokenizer::read(*opened); tokenizer.ok()) {
    out.facts.emplace_back("tokenizer", "in the same place:");
    for (auto& [name, value] : tokenizer_rows(*tokenizer)) out.facts.emplace_back("  " + name, value);
    out.json["tokenizer"] = tokenizer_json(*tokenizer);
  }
  out.facts.emplace_back("still open", in_command_words(open.message()));
  out.facts.emplace_back("use", "`zkinfer compile` with --tokens N; `zkinfer inspect --tokens N` prints its graph");
  return out;
}

}  // namespace zkinfer::cli
