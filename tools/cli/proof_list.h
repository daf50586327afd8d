// SPDX-License-Identifier: Apache-2.0
// The files that `verify` is asked to check.
#pragma once

#include <string>
#include <vector>

#include "command.h"

namespace zkinfer::cli {

// Proof files, and of folders every .zkproof, .zkbatch, .zkeval and .zkbundle in the order of their names; what else looks like a file to check is
// said. A joint proof (.zkjoint) is named by itself: its owner gives his seat and his data with it.
Result<std::vector<std::string>> list_proofs(const std::vector<std::string>& paths, Session& session);

}  // namespace zkinfer::cli
