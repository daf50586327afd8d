// SPDX-License-Identifier: Apache-2.0
// The library's messages name the fields and functions of its headers; here they become options and commands.
#pragma once

#include <string>

namespace zkinfer::cli {

// "CommitOptions::budget" -> "--budget", and so on. The test `layers` finds names in messages that have no row here.
std::string in_command_words(std::string text);

}  // namespace zkinfer::cli
