// SPDX-License-Identifier: Apache-2.0
#include "result_json.h"

#include "inputs/input_bytes.h"
#include "option_words.h"
#include "print.h"

namespace zkinfer::cli {

namespace {

// Whether a string in it, or the name of a field, is no UTF-8, so that JSON cannot say it.
bool has_bytes(const nlohmann::ordered_json& json) {
  const auto is_text = [](const std::string& text) {
    try {
      static_cast<void>(nlohmann::json(text).dump());
      return true;
    } catch (const nlohmann::json::type_error&) {
      return false;
    }
  };
  if (json.is_string()) return !is_text(json.get_ref<const std::string&>());
  if (!json.is_structured()) return false;
  for (const auto& [key, item] : json.items())
    if (has_bytes(item) || (json.is_object() && !is_text(key))) return true;
  return false;
}

}  // namespace

void add_json_flag(CLI::App& command, Session& session) {
  command.add_flag("--json", session.json, "print the result as one JSON object, errors too");
}

void print_result(const Session& session, nlohmann::ordered_json result) {
  result["warnings"] = session.warnings;
  if (has_bytes(result))
    result["warnings"].push_back(
        "a name or text that is no UTF-8 is shown with U+FFFD in its place, from which it does not come back; give the "
        "file another name");
  print_json(result);
}

nlohmann::ordered_json parsed(const std::string& json) { return nlohmann::ordered_json::parse(json); }

nlohmann::ordered_json error_json(const Status& status) {
  return {{"code", std::string(status_code_name(status.code()))},
          {"message", with_input_names(in_command_words(status.message()))}};
}

ExitCode exit_code_of(const Status& status) {
  return status.code() == StatusCode::kInternal ? ExitCode::kInternal : ExitCode::kBadInput;
}

}  // namespace zkinfer::cli
