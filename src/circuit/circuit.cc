// SPDX-License-Identifier: Apache-2.0
#include "circuit/circuit.h"

#include <bit>

namespace zkinfer::circuit {

std::uint64_t Column::num_elements() const {
  std::uint64_t count = 1;
  for (const std::uint64_t n : shape) count *= n;
  return count;
}

int axis_bits(std::uint64_t n) {
  ZKI_CHECK(n >= 1, "an axis has at least one index");
  return static_cast<int>(std::bit_width(n - 1));
}

}  // namespace zkinfer::circuit
