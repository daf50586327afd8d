// SPDX-License-Identifier: Apache-2.0
// What programs read: every command's --json prints exactly one object, its result or its error, on standard output.
// Keys are in snake_case; docs/cli.md lists them.
#pragma once

#include <nlohmann/json.hpp>

#include "command.h"
#include "zkinfer/result_json.h"

namespace zkinfer::cli {

void add_json_flag(CLI::App& command, Session& session);
// With the session's "warnings" at its end.
void print_result(const Session& session, nlohmann::ordered_json result);

// What zkinfer/result_json.h gives, to put with other things.
nlohmann::ordered_json parsed(const std::string& json);

// {"code": "invalid_argument", "message": ..}
nlohmann::ordered_json error_json(const Status& status);
ExitCode exit_code_of(const Status& status);

}  // namespace zkinfer::cli
