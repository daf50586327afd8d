// SPDX-License-Identifier: Apache-2.0
#include "usage.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "ezkl/alias.h"

namespace zkinfer::cli {
namespace {

// Letters to insert, remove, change or exchange with the next one.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> steps(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      std::size_t& best = steps[i][j];
      if (i == 0 || j == 0) {
        best = i + j;
        continue;
      }
      best = std::min({steps[i - 1][j] + 1, steps[i][j - 1] + 1, steps[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        best = std::min(best, steps[i - 2][j - 2] + 1);
    }
  }
  return steps[a.size()][b.size()];
}

// " (did you mean 'prove'?)" where one of the words is near enough.
std::string suggestion(const std::string& word, const std::vector<std::string>& words) {
  if (word.size() > 64) return "";
  std::optional<std::size_t> best;
  const std::string* found = nullptr;
  for (const std::string& candidate : words) {
    const bool begins = word.size() >= 3 && candidate.starts_with(word);
    const std::size_t steps = begins ? 1 : distance(word, candidate);
    if (steps <= std::max<std::size_t>(1, word.size() / 3) && (!best || steps < *best)) {
      best = steps;
      found = &candidate;
    }
  }
  return found == nullptr ? "" : " (did you mean '" + *found + "'?)";
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* level = &app; level != nullptr; level = level->get_parent()) {
    for (const CLI::Option* option : level->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  return names;
}

// Options that did something else before, of a command.
struct Moved {
  const char* command;
  const char* option;
  const char* hint;
};
constexpr Moved kMoved[] = {
    {"zkinfer compile", "--report",
     "; --report takes the name of a page (HTML) to write, and --layers prints scales, ranges and errors of every "
     "layer"},
    {"zkinfer bench", "--json", "; --json prints the numbers, --output takes the name of the file to write"},
    {"zkinfer digest", "--data", "; --write-input-data writes the canonical bytes, as that of `zkinfer prove` does"},
    {"zkinfer report", "--onnx", "; --network takes the network's file, of whatever format"},
    {"zkinfer report", "--inputs", "; --input takes the files, as that of the other commands does"},
    {"zkinfer run", "--report", "; --saturation says where values were cut off, `zkinfer report` shows the model"},
};

}  // namespace

std::string usage_text(const CLI::App& app, int argc, const char* const* argv, const CLI::ParseError& error) {
  const CLI::App* level = &app;
  std::string command = "zkinfer", what, unknown;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--threads") ++i;
    if (word.starts_with("-")) continue;
    const std::vector<std::string> names = command_names(*level);
    if (names.empty()) break;
    if (std::ranges::count(names, word) == 0) {
      what = "there is no command " +
             in_quotes(command.substr(std::min(command.size(), std::size_t{8})) + (level == &app ? "" : " ") + word) +
             (level == &app && !ezkl_verb_hint(word).empty() ? ezkl_verb_hint(word) : suggestion(word, names));
      break;
    }
    level = level->get_subcommand(word);
    command += " " + word;
  }
  if (what.empty()) {
    const std::vector<std::string> names = option_names(*level);
    what = printable(error.what());
    for (int i = 1; i < argc && unknown.empty(); ++i) {
      const std::string word = argv[i];
      const std::string name = word.substr(0, word.find('='));
      if (name.starts_with("--") && name.size() > 2 && std::ranges::count(names, name) == 0) unknown = name;
    }
    if (!unknown.empty()) what = "there is no option " + in_quotes(unknown) + suggestion(unknown, names);
  }
  for (const Moved& moved : kMoved) {
    if (command == moved.command &&
        std::any_of(argv, argv + argc, [&](const char* word) { return std::string_view(word) == moved.option; }))
      what += moved.hint;
  }
  return "usage: " + what + "; `" + command + " --help` lists what there is";
}

}  // namespace zkinfer::cli
