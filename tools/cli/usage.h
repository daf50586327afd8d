// SPDX-License-Identifier: Apache-2.0
// One line for a command line that cannot be understood, with the word that was probably meant.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace zkinfer::cli {

// What is wrong with the arguments that `app` refused with `error`; printable.
std::string usage_text(const CLI::App& app, int argc, const char* const* argv, const CLI::ParseError& error);

}  // namespace zkinfer::cli
