// SPDX-License-Identifier: Apache-2.0
// Who sees inputs or outputs, as words: "private", "public", "committed", then perhaps ":sha256" or ":keccak256".
#pragma once

#include <string>
#include <vector>

#include "base/data_group.h"

namespace zkinfer::cli {

std::string data_group_text(const DataGroup& group);
// Every word that parse_data_group knows.
std::vector<std::string> data_group_words();
// `word` is one of data_group_words().
DataGroup parse_data_group(const std::string& word);

}  // namespace zkinfer::cli
