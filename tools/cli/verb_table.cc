// SPDX-License-Identifier: Apache-2.0
#include "verb_table.h"

#include <string_view>

#include "command.h"

namespace zkinfer::cli {
namespace {

// CLI11's type names: "FILE", "INT:INT in [0 - 9]", "TEXT:{minmax,mse}", ":{text,dot}" of a flag with an optional value.
void read_type(const CLI::Option& option, OptionRow& row) {
  const std::string type = option.get_type_name();
  const std::size_t colon = type.find(':');
  const std::string name = type.substr(0, colon), check = colon == std::string::npos ? "" : type.substr(colon + 1);
  const bool takes_value = option.get_items_expected_max() > 0;
  row.is_file = name == kReadsFile || name == kWritesFile;
  if (check.starts_with("{") && check.find('}') != std::string::npos) {
    const std::string list = check.substr(1, check.find('}') - 1);
    for (std::size_t at = 0; at <= list.size();) {
      const std::size_t comma = std::min(list.find(',', at), list.size());
      row.choices.push_back(list.substr(at, comma - at));
      at = comma + 1;
    }
  }
  if (takes_value) row.value = name.empty() ? "VALUE" : name;
  row.value_is_optional = !takes_value && !row.choices.empty();
  row.about = option.get_description();
  if (const std::size_t range = check.find(" in ["); range != std::string::npos)
    row.about += "; " + check.substr(range + 1);
  if (takes_value && !option.get_default_str().empty()) row.about += " (default: " + option.get_default_str() + ")";
}

OptionRow row_of(const CLI::Option& option) {
  OptionRow row;
  row.is_positional = option.get_positional();
  if (row.is_positional) {
    row.names.push_back(option.get_name());
  } else {
    for (const std::string& name : option.get_snames()) row.names.push_back("-" + name);
    for (const std::string& name : option.get_lnames()) row.names.push_back("--" + name);
  }
  row.is_required = option.get_required();
  row.is_repeated = option.get_expected_max() > 1;
  read_type(option, row);
  return row;
}

void add_verbs(const CLI::App& app, const std::string& words, std::vector<Verb>& verbs) {
  Verb verb;
  verb.words = words;
  verb.about = app.get_description();
  verb.footer = app.get_footer();
  for (const CLI::Option* option : app.get_options()) {
    OptionRow row = row_of(*option);
    (row.is_positional ? verb.positionals : verb.options).push_back(std::move(row));
  }
  const auto inner = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* command : inner) {
    verb.inner.push_back(command->get_name());
    verb.inner_about.push_back(command->get_description());
  }
  verbs.push_back(std::move(verb));
  for (const CLI::App* command : inner)
    add_verbs(*command, words.empty() ? command->get_name() : words + " " + command->get_name(), verbs);
}

}  // namespace

std::vector<Verb> verb_table(const CLI::App& app) {
  std::vector<Verb> verbs;
  add_verbs(app, "", verbs);
  return verbs;
}

}  // namespace zkinfer::cli
