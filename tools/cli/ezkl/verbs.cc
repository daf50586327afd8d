// SPDX-License-Identifier: Apache-2.0
#include "ezkl/verbs.h"

#include <map>

#include "base/text.h"
#include "files.h"
#include "inputs/input_bytes.h"
#include "print.h"
#include "result_json.h"
#include "zkinfer/hex.h"
#include "zkinfer/tensor_commitment.h"

namespace zkinfer::cli::ezkl {
namespace {

void say_unused(Session& session, const Arguments& arguments) {
  std::map<std::string, std::string> lists;  // by reason
  for (const auto& [name, reason] : arguments.unused) {
    std::string& list = lists[reason];
    list += (list.empty() ? "" : ", ") + name;
  }
  for (const auto& [reason, list] : lists) session.warn("not used: " + list + " (" + reason + ")");
}

}  // namespace

VerbOf add_verb(CLI::App& group, Session& session, const char* name, const char* about, const char* footer,
                CommandResult (*run)(Session&, const Arguments&)) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = group.add_subcommand(name, about);
  add_json_flag(*command, session);
  command->footer(footer);
  command->callback([arguments, run, &session] {
    session.run([&] {
      say_unused(session, *arguments);
      return run(session, *arguments);
    });
  });
  return {command, arguments};
}

void add_file(CLI::App& command, const char* names, std::string& value, const char* type, const char* about) {
  command.add_option(names, value, about)->type_name(type)->capture_default_str();
}

void add_unused(CLI::App& command, const Shared& arguments, const char* names, const char* about) {
  const std::string list = names, name = list.substr(list.find_last_of(',') + 1);
  command.add_option_function<std::string>(
      names,
      [arguments, name, about](const std::string& value) {
        arguments->unused.emplace_back(name, about);
        std::string key = name.substr(2);
        for (char& c : key)
          if (c == '-') c = '_';
        arguments->kept[key] = value;
      },
      std::string("decides nothing here: ") + about);
}
void add_unused_flag(CLI::App& command, const Shared& arguments, const char* name, const char* about) {
  command.add_flag_callback(
      name, [arguments, name, about] { arguments->unused.emplace_back(name, about); },
      std::string("decides nothing here: ") + about);
}
std::string as_file(const std::string& path) { return path.starts_with("-") && path != "-" ? "./" + path : path; }

Result<std::string> data_path(const std::string& data) {
  if (data.starts_with("{")) return opened_text("--data", data);
  return data.starts_with("@") ? data.substr(1) : data;
}

Result<EzklSettings> load_settings(Session& session, const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(EzklSettings settings, read_ezkl_settings(arguments.settings));
  if (!session.quiet)
    for (const std::string& text : settings.notes) note("note: {}\n", text);
  return settings;
}

Result<std::string> digest_of_file(const std::string& path) {
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_kind(path, FileKind::kModel));
  return to_hex(hash_data(TensorHash::kSha256, bytes));
}

}  // namespace zkinfer::cli::ezkl
