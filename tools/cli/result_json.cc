// SPDX-License-Identifier: Apache-2.0
#include "result_json.h"

#include "inputs/input_bytes.h"
#include "option_words.h"
#include "print.h"

namespace zkinfer::cli {

void add_json_flag(CLI::App& command, Session& session) {
  command.add_flag("--json", session.json, "print the result as one JSON object, errors too");
}

void print_result(const Session& session, nlohmann::ordered_json result) {
  result["warnings"] = session.warnings;
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
