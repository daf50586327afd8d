// SPDX-License-Identifier: Apache-2.0
// What a verification key says of itself, as rows for pairs_text.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "zkinfer/verify.h"

namespace zkinfer::cli {

std::vector<std::pair<std::string, std::string>> key_rows(const KeyInfo& info);

}  // namespace zkinfer::cli
