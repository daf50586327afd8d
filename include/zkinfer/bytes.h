// SPDX-License-Identifier: Apache-2.0
// Byte strings and digests.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "zkinfer/status.h"

namespace zkinfer {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
using Digest = std::array<std::uint8_t, 32>;

}  // namespace zkinfer
