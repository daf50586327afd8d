// SPDX-License-Identifier: Apache-2.0
#include "lookup/pads.h"

#include "sumcheck/pads.h"

namespace zkinfer::lookup {

void count_grand_sum_pads(hiding::PadAllocator& pads, int log_leaves) {
  for (int layer = 0; layer < log_leaves; ++layer) {
    sumcheck::count_rounds_pads(pads, layer, 2);
    const std::size_t first = pads.triple();
    const std::size_t second = pads.triple();
    static_cast<void>(pads.copied_triple(pads.b(second), pads.b(first)));
  }
}

}  // namespace zkinfer::lookup
