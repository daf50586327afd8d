// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/tensor_info.h"

#include <utility>

namespace zkinfer {

bool TensorFormat::same_scale(const TensorFormat& other) const {
  const auto lowest_terms = [](std::int64_t mantissa, std::int64_t exponent) {
    while (mantissa != 0 && mantissa % 2 == 0) {
      mantissa /= 2;
      ++exponent;
    }
    return std::pair(mantissa, exponent);
  };
  return lowest_terms(scale_mantissa, scale_exponent) == lowest_terms(other.scale_mantissa, other.scale_exponent);
}

std::uint64_t TensorInfo::num_elements() const {
  std::uint64_t count = 1;
  for (const std::int64_t n : shape) count *= static_cast<std::uint64_t>(n);
  return count;
}

}  // namespace zkinfer
