// SPDX-License-Identifier: Apache-2.0
// The words that options take for who sees inputs or outputs: those of tensor_policy_text (zkinfer/result_json.h).
#pragma once

#include <string>
#include <vector>

#include "zkinfer/result_json.h"

namespace zkinfer::cli {

// Every word that parse_tensor_policy knows.
std::vector<std::string> tensor_policy_words();
// `word` is one of tensor_policy_words().
TensorPolicy parse_tensor_policy(const std::string& word);

}  // namespace zkinfer::cli
