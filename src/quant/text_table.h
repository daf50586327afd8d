// SPDX-License-Identifier: Apache-2.0
// Tables for people.
#pragma once

#include <string>
#include <vector>

namespace zkinfer::quant {

// Rows of cells, the first of which is the head: every column as wide as its widest cell, so that nothing is cut off.
std::string text_table(const std::vector<std::vector<std::string>>& rows);

}  // namespace zkinfer::quant
