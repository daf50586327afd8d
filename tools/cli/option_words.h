// SPDX-License-Identifier: Apache-2.0
// The library's messages name the fields and functions of its headers; here they become options and commands.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "zkinfer/status.h"

namespace zkinfer::cli {

// "CommitOptions::budget" -> "--budget", and so on; "--budget of `zkinfer commit`" where the command that runs has none. The test `layers` finds names in messages that have no row here.
std::string in_command_words(std::string text);

// From now on options have these names in messages: those of the command that was called, which another one runs for.
void call_options(std::vector<std::pair<std::string, std::string>> names);

// What went wrong for people: status_text in these words, with the names that inputs were given under.
std::string error_words(const Status& status);

}  // namespace zkinfer::cli
