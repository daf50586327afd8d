// SPDX-License-Identifier: Apache-2.0
// Bytes as hexadecimal digits.
#pragma once

#include <string>
#include <string_view>

#include "zkinfer/bytes.h"
#include "zkinfer/status.h"

namespace zkinfer {

std::string to_hex(ByteView bytes);
// Digits of either case. invalid_argument with the place otherwise.
Result<Bytes> from_hex(std::string_view text);

}  // namespace zkinfer
