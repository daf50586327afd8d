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

std::string to_hex(ByteView bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * bytes.size());
  for (std::uint8_t b : bytes) {
    out.push_back(kDigits[b >> 4]);
    out.push_back(kDigits[b & 15]);
  }
  return out;
}

Result<Bytes> from_hex(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  if (text.size() % 2 != 0) return invalid_argument("hexadecimal text has an odd number of digits");
  Bytes out;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]);
    const int low = digit(text[i + 1]);
    if (high < 0 || low < 0) return invalid_argument("not a hexadecimal digit at position " + std::to_string(i));
    out.push_back(static_cast<std::uint8_t>(16 * high + low));
  }
  return out;
}

}  // namespace zkinfer
