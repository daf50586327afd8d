// SPDX-License-Identifier: Apache-2.0
// Who sees inputs or outputs, as words: "private", "public", "committed", then perhaps ":sha256" or ":keccak256".
#pragma once

#include <string>
#include <vector>

#include "zkinfer/tensor_policy.h"

namespace zkinfer::cli {

std::string tensor_policy_text(const TensorPolicy& group);
// Every word that parse_tensor_policy knows.
std::vector<std::string> tensor_policy_words();
// `word` is one of tensor_policy_words().
TensorPolicy parse_tensor_policy(const std::string& word);

}  // namespace zkinfer::cli
