// SPDX-License-Identifier: Apache-2.0
// The bytes of an integer tensor that hashes are taken of: entries row-major, each in the fewest of 1, 2, 4 or 8 bytes that
// hold the declared range, little-endian, unsigned if no entry is negative, else two's complement. An 8-bit picture is
// its raw bytes.
#pragma once

#include <span>

#include "base/bytes.h"
#include "qir/qgraph.h"
#include "zkinfer/tensor_policy.h"

namespace zkinfer::statement {

struct EntryFormat {
  std::size_t num_bytes = 1;
  bool is_signed = false;
};
EntryFormat entry_format(std::int64_t lo, std::int64_t hi);

// values lie in the range of `value`.
Bytes canonical_bytes(const qir::Value& value, std::span<const std::int64_t> values);
// invalid_argument with the place where bytes hold another number of entries, or an entry outside of the range.
Result<std::vector<std::int64_t>> parse_canonical_bytes(const qir::Value& value, ByteView bytes);

// Hash of canonical bytes; hash is not kNone.
Digest hash_data(TensorHash hash, ByteView canonical_bytes);

}  // namespace zkinfer::statement
