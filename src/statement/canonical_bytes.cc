// SPDX-License-Identifier: Apache-2.0
#include "statement/canonical_bytes.h"

#include <string>

#include "base/check.h"
#include "hash/keccak.h"
#include "hash/sha256.h"

namespace zkinfer::statement {

EntryFormat entry_format(std::int64_t lo, std::int64_t hi) {
  EntryFormat format;
  format.is_signed = lo < 0;
  while (format.num_bytes < 8) {
    const auto bits = 8 * static_cast<int>(format.num_bytes);
    const std::int64_t most = (std::int64_t{1} << (format.is_signed ? bits - 1 : bits)) - 1;
    if (hi <= most && (!format.is_signed || lo >= -most - 1)) break;
    format.num_bytes *= 2;
  }
  return format;
}

Bytes canonical_bytes(const qir::Value& value, std::span<const std::int64_t> values) {
  const EntryFormat format = entry_format(value.lo, value.hi);
  Bytes out;
  out.reserve(values.size() * format.num_bytes);
  for (const std::int64_t x : values) {
    for (std::size_t i = 0; i < format.num_bytes; ++i) {
      out.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(x) >> (8 * i)));
    }
  }
  return out;
}

Result<std::vector<std::int64_t>> parse_canonical_bytes(const qir::Value& value, ByteView bytes) {
  const EntryFormat format = entry_format(value.lo, value.hi);
  const auto count = static_cast<std::size_t>(value.shape.num_elements());
  if (bytes.size() != count * format.num_bytes) {
    return invalid_argument("data of '" + value.name + "': " + std::to_string(bytes.size()) + " bytes, expected " +
                            std::to_string(count) + " entries of " + std::to_string(format.num_bytes));
  }
  std::vector<std::int64_t> out(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t x = 0;
    for (std::size_t j = format.num_bytes; j-- > 0;) x = x << 8 | bytes[i * format.num_bytes + j];
    const int unused = 64 - 8 * static_cast<int>(format.num_bytes);
    out[i] = format.is_signed ? static_cast<std::int64_t>(x << unused) >> unused : static_cast<std::int64_t>(x);
    if (out[i] < value.lo || out[i] > value.hi) {
      return invalid_argument("data of '" + value.name + "', entry " + std::to_string(i) + ": " +
                              std::to_string(out[i]) + ", expected " + std::to_string(value.lo) + " .. " +
                              std::to_string(value.hi));
    }
  }
  return out;
}

Digest hash_data(TensorHash hash, ByteView bytes) {
  ZKI_CHECK(hash != TensorHash::kNone, "a hash");
  return hash == TensorHash::kKeccak256 ? keccak256(bytes) : sha256(bytes);
}

}  // namespace zkinfer::statement
