// SPDX-License-Identifier: Apache-2.0
// Bytes as contracts read them: integers are big-endian.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace zkinfer::evm {

inline void append(Bytes& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }
// The lowest num_bytes <= 8 bytes of x.
inline void append_integer(Bytes& out, std::uint64_t x, int num_bytes) {
  for (int i = num_bytes; i-- > 0;) out.push_back(static_cast<std::uint8_t>(x >> (8 * i)));
}

}  // namespace zkinfer::evm
