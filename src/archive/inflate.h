// SPDX-License-Identifier: Apache-2.0
// Decompression with a hard bound on the output: zip's raw deflate, gzip and zlib. Errors: corrupt, resource_limit.
#pragma once

#include "base/bytes.h"

namespace zkinfer::archive {

enum class DeflateFormat : std::uint8_t { kRaw, kGzip, kZlib };

Result<Bytes> inflate_bytes(ByteView compressed, DeflateFormat format, std::uint64_t max_bytes);

}  // namespace zkinfer::archive
