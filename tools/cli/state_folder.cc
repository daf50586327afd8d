// SPDX-License-Identifier: Apache-2.0
#include "state_folder.h"

#include <cstdlib>

namespace zkinfer::cli {

std::string slot_ledger_folder() {
  const auto absolute = [](const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && value[0] == '/' ? std::string(value) : std::string();
  };
  std::string state = absolute("XDG_STATE_HOME");
  if (state.empty() && !absolute("HOME").empty()) state = absolute("HOME") + "/.local/state";
  return state.empty() ? state : state + "/zkinfer/slots";
}

}  // namespace zkinfer::cli
