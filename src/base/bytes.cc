// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

namespace zkinfer {

void ByteWriter::blob(ByteView x) {
  ZKI_CHECK(x.size() <= UINT32_MAX, "blob longer than its 32-bit length");
  u32(static_cast<std::uint32_t>(x.size()));
  raw(x);
}

void ByteWriter::text(std::string_view x) { blob(ByteView(reinterpret_cast<const std::uint8_t*>(x.data()), x.size())); }

std::uint64_t ByteReader::little_endian(std::size_t num_bytes) {
  const ByteView view = raw(num_bytes);
  std::uint64_t x = 0;
  for (std::size_t i = 0; i < view.size(); ++i) x |= static_cast<std::uint64_t>(view[i]) << (8 * i);
  return x;
}

ByteView ByteReader::raw(std::size_t num_bytes) {
  if (!ok_ || num_bytes > remaining()) {
    ok_ = false;
    return {};
  }
  const ByteView view = bytes_.subspan(offset_, num_bytes);
  offset_ += num_bytes;
  return view;
}

ByteView ByteReader::blob(std::size_t max_bytes) {
  const std::uint32_t num_bytes = u32();
  if (num_bytes > max_bytes) {
    ok_ = false;
    return {};
  }
  return raw(num_bytes);
}

std::string ByteReader::text(std::size_t max_bytes) {
  const ByteView view = blob(max_bytes);
  return std::string(reinterpret_cast<const char*>(view.data()), view.size());
}

}  // namespace zkinfer
