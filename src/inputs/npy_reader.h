// SPDX-License-Identifier: Apache-2.0
// NumPy's .npy arrays and .npz archives (stored or deflated), little-endian, C order: float16/32/64, (u)int8/16/32/64, bool.
// uint8 arrays count as picture levels. Errors: corrupt, unsupported (with the numpy call that helps), resource_limit.
// Source: NumPy's "A simple file format for NumPy arrays" (versions 1 to 3); PKWARE's APPNOTE for zip.
#pragma once

#include "base/bytes.h"
#include "inputs/array.h"

namespace zkinfer {

Result<Array> read_npy(ByteView bytes);
// Entries in the archive's order, each with its name without ".npy".
Result<std::vector<Array>> read_npz(ByteView bytes);

}  // namespace zkinfer
