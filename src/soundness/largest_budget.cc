// SPDX-License-Identifier: Apache-2.0
#include "soundness/largest_budget.h"

#include <bit>

namespace zkinfer::soundness {

std::uint64_t largest_budget(std::uint64_t refused, const std::function<bool(std::uint64_t)>& works) {
  if (refused < 2) return 0;
  std::uint64_t best = std::bit_floor(refused - 1);
  while (best > 0 && !works(best)) best /= 2;
  // Two more bits below the leading one.
  for (std::uint64_t step = best / 2; step > 0 && step * 8 > best; step /= 2) {
    if (best + step < refused && works(best + step)) best += step;
  }
  return best;
}

}  // namespace zkinfer::soundness
