// SPDX-License-Identifier: Apache-2.0
// The verbs of `zkinfer evm` that speak to a node.
#pragma once

#include "command.h"

namespace zkinfer::cli {

void add_evm_chain(CLI::App& app, Session& session);

}  // namespace zkinfer::cli
