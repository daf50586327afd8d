// SPDX-License-Identifier: Apache-2.0
// The program's commands and options as it parses them, for what is written from them: completions of shells, the manual page.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace zkinfer::cli {

struct OptionRow {
  std::vector<std::string> names;    // "-c", "--calibration"; of a positional its one word
  std::string value;                 // what its value is called: "FILE", "INT", ..; empty: it takes none
  std::vector<std::string> choices;  // the only values there are, where they are few
  std::string about;                 // with range and default
  bool is_positional = false, is_required = false, is_repeated = false, is_file = false;
  bool value_is_optional = false;  // only as --name=VALUE
};

struct Verb {
  std::string words;  // "commitment split"; empty: the program
  std::string about, footer;
  std::vector<OptionRow> options, positionals;
  std::vector<std::string> inner;  // the verbs under it, by their last word
  std::vector<std::string> inner_about;
};

// In the order of --help, the program first, each verb before those under it.
std::vector<Verb> verb_table(const CLI::App& app);

}  // namespace zkinfer::cli
