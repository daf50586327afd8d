// SPDX-License-Identifier: Apache-2.0
// Byte strings, digests, and hexadecimal digits.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "zkinfer/status.h"

namespace zkinfer {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
using Digest = std::array<std::uint8_t, 32>;

std::string to_hex(ByteView bytes);
// Digits of either case. invalid_argument with the place otherwise.
Result<Bytes> from_hex(std::string_view text);

}  // namespace zkinfer
