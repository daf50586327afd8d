// SPDX-License-Identifier: Apache-2.0
// What programs read: every command's --json prints exactly one object, its result or its error, on standard output.
// Keys are in snake_case; docs/cli.md lists them.
#pragma once

#include <nlohmann/json.hpp>

#include "command.h"
#include "zkinfer/bytes.h"

namespace zkinfer::cli {

void add_json_flag(CLI::App& command, Session& session);
// With the session's "warnings" at its end.
void print_result(const Session& session, nlohmann::ordered_json result);

// "hex:00ff..", all 32 bytes; null: the proof is bound to none.
nlohmann::ordered_json context_json(const Bytes& context);

// {"code": "invalid_argument", "message": ..}
nlohmann::ordered_json error_json(const Status& status);
ExitCode exit_code_of(const Status& status);

}  // namespace zkinfer::cli
