// SPDX-License-Identifier: Apache-2.0
// Little-endian byte writer and a total byte reader: every read is bounds-checked, failure is sticky and never
// allocates more than the bytes that are there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "zkinfer/bytes.h"

namespace zkinfer {

class ByteWriter {
 public:
  void u8(std::uint8_t x) { bytes_.push_back(x); }
  void u16(std::uint16_t x) { little_endian(x, 2); }
  void u32(std::uint32_t x) { little_endian(x, 4); }
  void u64(std::uint64_t x) { little_endian(x, 8); }
  void i32(std::int32_t x) { u32(static_cast<std::uint32_t>(x)); }
  void i64(std::int64_t x) { u64(static_cast<std::uint64_t>(x)); }
  void raw(ByteView x) { bytes_.insert(bytes_.end(), x.begin(), x.end()); }
  // u32 length, then the bytes.
  void blob(ByteView x);
  void text(std::string_view x);
  const Bytes& bytes() const& { return bytes_; }
  Bytes take() && { return std::move(bytes_); }

 private:
  void little_endian(std::uint64_t x, int num_bytes) {
    for (int i = 0; i < num_bytes; ++i) bytes_.push_back(static_cast<std::uint8_t>(x >> (8 * i)));
  }
  Bytes bytes_;
};

// After the first failed read every later read returns zero or empty and ok() stays false.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : bytes_(bytes) {}
  std::uint8_t u8() { return static_cast<std::uint8_t>(little_endian(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(little_endian(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(little_endian(4)); }
  std::uint64_t u64() { return little_endian(8); }
  std::int32_t i32() { return static_cast<std::int32_t>(u32()); }
  std::int64_t i64() { return static_cast<std::int64_t>(u64()); }
  // A view of the next num_bytes bytes, empty on failure.
  ByteView raw(std::size_t num_bytes);
  // u32 length (at most max_bytes), then the bytes.
  ByteView blob(std::size_t max_bytes);
  std::string text(std::size_t max_bytes);
  bool ok() const { return ok_; }
  void fail() { ok_ = false; }
  std::size_t offset() const { return offset_; }
  std::size_t remaining() const { return bytes_.size() - offset_; }
  // ok and nothing left over.
  bool finished() const { return ok_ && remaining() == 0; }

 private:
  std::uint64_t little_endian(std::size_t num_bytes);
  ByteView bytes_;
  std::size_t offset_ = 0;
  bool ok_ = true;
};

}  // namespace zkinfer
