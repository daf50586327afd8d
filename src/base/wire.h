// SPDX-License-Identifier: Apache-2.0
// Protocol-buffer bytes, field by field, of messages whose definitions are not at hand. Total: after the first broken field there are
// no more, and ok() is false.
#pragma once

#include <string>

#include "base/bytes.h"

namespace zkinfer {

class Wire {
 public:
  explicit Wire(ByteView bytes) : reader_(bytes) {}

  // The next field; false at the end.
  bool next() {
    if (!reader_.ok() || reader_.remaining() == 0) return false;
    const std::uint64_t tag = varint();
    field_ = tag >> 3;
    number_ = 0;
    bytes_ = {};
    switch (tag & 7) {
      case 0: number_ = varint(); break;
      case 1: number_ = reader_.u64(); break;
      case 2: {
        const std::uint64_t size = varint();
        if (size > reader_.remaining()) reader_.fail();
        bytes_ = reader_.ok() ? reader_.raw(static_cast<std::size_t>(size)) : ByteView();
        break;
      }
      case 5: number_ = reader_.u32(); break;
      default: reader_.fail();
    }
    return reader_.ok();
  }
  std::uint64_t field() const { return field_; }
  std::uint64_t number() const { return number_; }
  ByteView bytes() const { return bytes_; }
  std::string text() const { return {bytes_.begin(), bytes_.end()}; }
  bool ok() const { return reader_.ok(); }

  // A varint that stands alone, and what is behind it.
  std::uint64_t varint() {
    std::uint64_t x = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const std::uint64_t byte = reader_.u8();
      x |= (byte & 127) << shift;
      if (byte < 128) return x;
    }
    reader_.fail();
    return 0;
  }
  ByteReader& rest() { return reader_; }

 private:
  ByteReader reader_;
  std::uint64_t field_ = 0, number_ = 0;
  ByteView bytes_;
};

}  // namespace zkinfer
