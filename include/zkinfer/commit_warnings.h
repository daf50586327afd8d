// SPDX-License-Identifier: Apache-2.0
// What people should know before they commit.
#pragma once

#include <string>
#include <vector>

#include "zkinfer/prove.h"

namespace zkinfer {

// Where what is chosen for inputs, outputs and weights makes a proof say next to nothing, or hides next to nothing; a sentence each.
std::vector<std::string> commit_warnings(const Model& model, const CommitOptions& options);

}  // namespace zkinfer
