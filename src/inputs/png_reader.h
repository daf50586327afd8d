// SPDX-License-Identifier: Apache-2.0
// An 8-bit (or less) grey, colour or palette PNG -> levels [height, width, channels], channels 1 (grey) or 3, exactly as
// stored: no gamma, no resizing. Transparency other than fully opaque and 16-bit files are refused with the remedy.
// Errors: corrupt, unsupported, resource_limit (more than 2^13 pixels on a side).
#pragma once

#include "base/bytes.h"
#include "inputs/array.h"

namespace zkinfer {

Result<Array> read_png(ByteView bytes);

}  // namespace zkinfer
