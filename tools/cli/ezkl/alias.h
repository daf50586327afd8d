// SPDX-License-Identifier: Apache-2.0
// EZKL's verbs without the word `ezkl` before them.
#pragma once

#include <string>
#include <vector>

namespace zkinfer::cli {

// "gen-witness .." is "ezkl gen-witness ..", and so are prove and verify where they are given options that only EZKL's have.
std::vector<std::string> with_ezkl_word(std::vector<std::string> words);
// Why a verb of EZKL's has no counterpart, after "there is no command ..": "; ..". Empty: it is none of EZKL's.
std::string ezkl_verb_hint(const std::string& verb);

}  // namespace zkinfer::cli
