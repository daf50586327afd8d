// SPDX-License-Identifier: Apache-2.0
// A Merkle tree over bytes that are cut in leaves, for files that are fetched in pieces.
#pragma once

#include "base/bytes.h"

namespace zkinfer {

// leaf i = H(0x00 | u64 i | its bytes), the last perhaps shorter; node = H(0x01 | left | right), zeros where a level has no right one;
// H = Keccak-256, i little-endian. Of no bytes: zeros.
Digest byte_tree_root(ByteView bytes, std::size_t leaf_bytes);

}  // namespace zkinfer
