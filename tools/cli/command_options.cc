// SPDX-License-Identifier: Apache-2.0
#include "command_options.h"

#include <algorithm>
#include <utility>

namespace zkinfer::cli {
namespace {

std::vector<std::string>& of_command() {
  static std::vector<std::string> options;
  return options;
}

}  // namespace

void run_command_with(std::vector<std::string> options) { of_command() = std::move(options); }
bool command_has(const std::string& option) { return std::ranges::count(of_command(), option) > 0; }

}  // namespace zkinfer::cli
