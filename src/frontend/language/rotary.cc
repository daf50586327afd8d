// SPDX-License-Identifier: Apache-2.0
#include "frontend/language/rotary.h"

#include <cmath>

namespace zkinfer::frontend_language {

Rotary plain_rotary(std::int64_t width, double base) {
  Rotary rotary;
  for (std::int64_t i = 0; i + 1 < width; i += 2)
    rotary.frequencies.push_back(std::pow(base, -static_cast<double>(i) / static_cast<double>(width)));
  return rotary;
}

}  // namespace zkinfer::frontend_language
