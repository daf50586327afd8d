// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace zkinfer::cli {

// Where used slots are remembered (remember_slots_in): $XDG_STATE_HOME/zkinfer/slots, by default ~/.local/state/zkinfer/slots; empty:
// there is no home.
std::string slot_ledger_folder();

}  // namespace zkinfer::cli
