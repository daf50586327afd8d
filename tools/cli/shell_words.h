// SPDX-License-Identifier: Apache-2.0
// Scripts that complete zkinfer's commands, options and values in a shell, and its manual page; all from the same table.
#pragma once

#include <string>
#include <vector>

#include "verb_table.h"

namespace zkinfer::cli {

std::string bash_completions(const std::vector<Verb>& verbs);
std::string zsh_completions(const std::vector<Verb>& verbs);
std::string fish_completions(const std::vector<Verb>& verbs);
// zkinfer.1, for man.
std::string manual_page(const std::vector<Verb>& verbs, const std::string& version);

}  // namespace zkinfer::cli
