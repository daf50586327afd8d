// SPDX-License-Identifier: Apache-2.0
#include "hiding/layout.h"

#include <bit>

namespace zkinfer::hiding {

int PadLayout::log_triple_rows() const { return static_cast<int>(std::bit_width(num_triples)); }

std::size_t PadAllocator::copied_triple(PadIndex u_pad, PadIndex v_pad) {
  const std::size_t row = triple();
  if (zero_knowledge_) {
    copies_.emplace_back(a(row), u_pad);
    copies_.emplace_back(b(row), v_pad);
  }
  return row;
}

}  // namespace zkinfer::hiding
