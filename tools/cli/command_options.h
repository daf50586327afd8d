// SPDX-License-Identifier: Apache-2.0
// The options of the command that runs: a message names no other as if it could be given.
#pragma once

#include <string>
#include <vector>

namespace zkinfer::cli {

// From now on these are the command's: "--force" and so on.
void run_command_with(std::vector<std::string> options);
bool command_has(const std::string& option);

}  // namespace zkinfer::cli
