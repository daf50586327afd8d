// SPDX-License-Identifier: Apache-2.0
// Which of its vector instructions this machine proves with.
#pragma once

#include <string>

namespace zkinfer {

// Of the sets that are compiled in, the best one that the machine has. Proofs are the same bytes with each.
std::string vector_instructions();

}  // namespace zkinfer
