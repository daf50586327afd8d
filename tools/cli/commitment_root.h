// SPDX-License-Identifier: Apache-2.0
// The subcommands of `zkinfer commitment` that are about roots.
#pragma once

#include <string>

#include "command.h"

namespace zkinfer::cli {

// The tree under a root, and how many proofs are left in all.
CommandResult root_status(const Session& session, const std::string& secret_path);
void add_backup(CLI::App& commitment, Session& session);
void add_restore(CLI::App& commitment, Session& session);

}  // namespace zkinfer::cli
