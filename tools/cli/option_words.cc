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
    {"CompileOptions::float_target", "--float-target"},
    {"CompileOptions::input_formats", "--input-from"},
    {"CompileOptions::input_shapes", "--shape name=1,3,32,32"},
    {"CompileOptions::name", "--name"},
    {"CompileOptions::weight_bits", "--weight-bits"},
    {"Prover::rotate", "zkinfer rotate"},
    {"Prover::save", "zkinfer commit"},
    {"RestoreOptions::margin", "--margin"},
    {"`backup_root`", "`zkinfer commitment backup`"},
    {"`restore_root`", "`zkinfer commitment restore`"},
};

}  // namespace

std::string in_command_words(std::string text) {
  for (const Word& word : kWords) {
    for (std::size_t at = text.find(word.library); at != std::string::npos;
         at = text.find(word.library, at + word.command_line.size())) {
      text.replace(at, word.library.size(), word.command_line);
    }
  }
  return text;
}

std::string error_words(const Status& status) { return with_input_names(in_command_words(status_text(status))); }

}  // namespace zkinfer::cli
