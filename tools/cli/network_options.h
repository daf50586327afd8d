// SPDX-License-Identifier: Apache-2.0
// --shape, --tokens and --head: what a network's file leaves open, for every command that reads one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "command.h"
#include "zkinfer/compile.h"

namespace zkinfer::cli {

struct NetworkOptions {
  std::vector<std::string> shapes;
  std::optional<std::int64_t> tokens, conversation;
  std::string head;
};
// `when` goes before each description: "as `compile` was given it: ".
void add_network_options(CLI::App& command, NetworkOptions& options, const std::string& when = "");
Status set_network_options(const NetworkOptions& options, CompileOptions& compile);

}  // namespace zkinfer::cli
