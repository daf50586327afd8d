// SPDX-License-Identifier: Apache-2.0
// From elements of F to small integers; vec::from_ints (field/vec.h) is the way back. Calling thread only.
#pragma once

#include <cstdint>
#include <utility>

#include "field/buffer.h"

namespace zkinfer::vec {

// The least and the greatest representative in (-p/2, p/2]; (0, 0) of none.
std::pair<std::int64_t, std::int64_t> int_range(FpCSpan x);
// out[i] = x[i] in `width` bytes, 1, 2 or 4, which hold it. out: [x.size() * width].
void to_ints(FpCSpan x, std::uint8_t width, std::uint8_t* out);

}  // namespace zkinfer::vec
