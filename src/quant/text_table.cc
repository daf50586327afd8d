// SPDX-License-Identifier: Apache-2.0
#include "quant/text_table.h"

#include <algorithm>
#include <cstddef>

namespace zkinfer::quant {

std::string text_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const std::vector<std::string>& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const std::vector<std::string>& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) text += std::string(widths[i] + 2 - row[i].size(), ' ');
    }
    text += "\n";
  }
  return text;
}

}  // namespace zkinfer::quant
