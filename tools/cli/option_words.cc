// SPDX-License-Identifier: Apache-2.0
#include "option_words.h"

#include <string_view>

#include "inputs/input_bytes.h"
#include "print.h"

namespace zkinfer::cli {
namespace {

struct Word {
  std::string_view library, command_line;
};
constexpr Word kWords[] = {
    {"CommitOptions::budget", "--budget"},
    {"CommitOptions::code_files", "--no-code-file"},
    {"CommitOptions::inputs", "--inputs"},
    {"CommitOptions::security", "--security-bits, --unique-decoding, --pow-bits"},
    {"CommitOptions::tensor_budget", "--tensor-budget"},
    {"CommitmentTree::rotate", "zkinfer rotate"},
    {"CommittedTensor::create", "zkinfer commit-tensor"},
    {"CommittedTensor::save", "zkinfer commit-tensor"},
    {"CompileOptions::activation_bits", "--activation-bits"},
    {"CompileOptions::conversation", "--conversation"},
    {"CompileOptions::float_target", "--float-target"},
    {"CompileOptions::head", "--head"},
    {"CompileOptions::input_formats", "--input-from"},
    {"CompileOptions::input_shapes", "--shape"},
    {"CompileOptions::name", "--name"},
    {"CompileOptions::tokens", "--tokens"},
    {"CompileOptions::weight_bits", "--weight-bits"},
    {"CutOptions::memory_bytes", "--memory"},
    {"CutOptions::num_segments", "--segments"},
    {"Preprocessing::mean", "--mean"},
    {"Preprocessing::scale", "--scale"},
    {"Preprocessing::std", "--std"},
    {"Prover::rotate", "zkinfer rotate"},
    {"Prover::save", "zkinfer commit"},
    {"RestoreOptions::margin", "--margin"},
    {"`backup_root`", "`zkinfer commitment backup`"},
    {"`canonical_data`", "`prove --input-data`"},
    {"`restore_root`", "`zkinfer commitment restore`"},
};

std::vector<std::pair<std::string, std::string>>& called() {
  static std::vector<std::pair<std::string, std::string>> names;
  return names;
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
    for (std::size_t at = text.find(word.library); at != std::string::npos;
         at = text.find(word.library, at + word.command_line.size())) {
      text.replace(at, word.library.size(), word.command_line);
    }
  }
  for (const auto& [from, to] : called()) rename_option(text, from, to);
  return text;
}

std::string error_words(const Status& status) { return with_input_names(in_command_words(status_text(status))); }

}  // namespace zkinfer::cli
