// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"

namespace zkinfer::pcs {

// Keccak-256 over the digests of the bytes' 64 KiB pieces and their number: as fast as the cores can hash.
Digest content_digest(ByteView bytes);

}  // namespace zkinfer::pcs
