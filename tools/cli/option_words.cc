// SPDX-License-Identifier: Apache-2.0
#include "option_words.h"

#include <string_view>

#include "command_options.h"
#include "inputs/input_bytes.h"
#include "print.h"

namespace zkinfer::cli {
namespace {

struct Word {
  std::string_view library, command_line;
  std::string_view command = {};  // whose option it is
};
constexpr Word kWords[] = {
    {"CommitOptions::budget", "--budget", "commit"},
    {"CommitOptions::code_files", "--no-code-file", "commit"},
    {"CommitOptions::inputs", "--inputs", "commit"},
    {"CommitOptions::security", "--security-bits, --unique-decoding, --pow-bits", "commit"},
    {"CommitOptions::tensor_budget", "--tensor-budget", "commit"},
    {"CommitmentTree::rotate", "zkinfer rotate"},
    {"CommittedTensor::create", "zkinfer commit-tensor"},
    {"CommittedTensor::save", "zkinfer commit-tensor"},
    {"CompileOptions::activation_bits", "--activation-bits", "compile"},
    {"CompileOptions::conversation", "--conversation", "compile"},
    {"CompileOptions::float_target", "--float-target", "compile"},
    {"CompileOptions::head", "--head", "compile"},
    {"CompileOptions::input_formats", "--input-from", "compile"},
    {"CompileOptions::input_shapes", "--shape", "compile"},
    {"CompileOptions::name", "--name", "compile"},
    {"CompileOptions::tokens", "--tokens", "compile"},
    {"CompileOptions::weight_bits", "--weight-bits", "compile"},
    {"CutOptions::memory_bytes", "--memory", "compile"},
    {"CutOptions::num_segments", "--segments", "compile"},
    {"Preprocessing::mean", "--mean", "compile"},
    {"Preprocessing::scale", "--scale", "compile"},
    {"Preprocessing::std", "--std", "compile"},
    {"Prover::rotate", "zkinfer rotate"},
    {"Prover::save", "zkinfer commit"},
    {"RestoreOptions::margin", "--margin", "commitment restore"},
    {"`backup_root`", "`zkinfer commitment backup`"},
    {"`canonical_data`", "`prove --input-data`"},
    {"`restore_root`", "`zkinfer commitment restore`"},
};

std::vector<std::pair<std::string, std::string>>& called() {
  static std::vector<std::pair<std::string, std::string>> names;
  return names;
}

// The word, and whose it is where the command that runs has no option of that name.
std::string said(const Word& word) {
  const std::string text(word.command_line);
  if (word.command.empty() || command_has(text.substr(0, text.find(',')))) return text;
  return text + " of `zkinfer " + std::string(word.command) + "`";
}

// An option's name, not the beginning of a longer one.
void rename_option(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    const char next = at + from.size() < text.size() ? text[at + from.size()] : ' ';
    const bool is_whole = next != '-' && !(next >= 'a' && next <= 'z');
    if (is_whole) text.replace(at, from.size(), to);
    at += is_whole ? to.size() : from.size();
  }
}

}  // namespace

void call_options(std::vector<std::pair<std::string, std::string>> names) { called() = std::move(names); }

std::string in_command_words(std::string text) {
  for (const Word& word : kWords) {
    const std::string words = said(word);
    for (std::size_t at = text.find(word.library); at != std::string::npos;
         at = text.find(word.library, at + words.size())) {
      text.replace(at, word.library.size(), words);
    }
  }
  for (const auto& [from, to] : called()) rename_option(text, from, to);
  return text;
}

std::string error_words(const Status& status) { return with_input_names(in_command_words(status_text(status))); }

}  // namespace zkinfer::cli
