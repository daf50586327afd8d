// SPDX-License-Identifier: Apache-2.0
// Frequencies of rotary positions.
#pragma once

#include "frontend/language/network.h"

namespace zkinfer::frontend_language {

// base^(-2i / width) for the pairs of so many elements of a head.
Rotary plain_rotary(std::int64_t width, double base);

}  // namespace zkinfer::frontend_language
