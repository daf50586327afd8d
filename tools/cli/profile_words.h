// SPDX-License-Identifier: Apache-2.0
// The words that options take for what proofs prefer: those of profile_text (zkinfer/result_json.h).
#pragma once

#include <string>
#include <vector>

#include "zkinfer/result_json.h"

namespace zkinfer::cli {

std::vector<std::string> profile_words();
// `word` is one of profile_words().
Profile parse_profile(const std::string& word);

}  // namespace zkinfer::cli
