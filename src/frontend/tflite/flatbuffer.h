// SPDX-License-Identifier: Apache-2.0
// FlatBuffers, read in place. Every access is checked against the bytes that are there; after the first that fails all others give
// nothing, and the buffer says why. Nothing is copied, so a small file makes nothing large.
// Source: the FlatBuffers internals page (flatbuffers.dev): little-endian; a table begins with the distance back to its vtable, whose
// entries are distances from the table to its fields, 0 for one that is absent; vectors and strings begin with their length.
#pragma once

#include <bit>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/bytes.h"
#include "zkinfer/status.h"

namespace zkinfer::frontend_tflite {

class FlatBuffer {
 public:
  explicit FlatBuffer(ByteView bytes) : bytes_(bytes) {}
  const Status& status() const { return status_; }
  ByteView bytes() const { return bytes_; }

  // Of a number that is in the file; 0 after a failure.
  template <class T>
  T read(std::uint64_t at) {
    static_assert(std::endian::native == std::endian::little && std::is_arithmetic_v<T>);
    T x{};
    if (check(at, sizeof(T))) std::memcpy(&x, bytes_.data() + at, sizeof(T));
    return x;
  }
  // Whether so many bytes are there.
  bool check(std::uint64_t at, std::uint64_t count) {
    if (status_.ok() && at <= bytes_.size() && count <= bytes_.size() - at) return true;
    if (status_.ok())
      status_ = corrupt("the file is cut short or damaged: it refers to " + std::to_string(count) +
                        " bytes from byte " + std::to_string(at) + ", and has " + std::to_string(bytes_.size()));
    return false;
  }
  // Where the offset that stands there points to; always forward, so that no chain of them ends where it began.
  std::uint64_t follow(std::uint64_t at) {
    const auto offset = read<std::uint32_t>(at);
    if (status_.ok() && offset == 0)
      status_ = corrupt("the file is damaged: an offset of 0 at byte " + std::to_string(at));
    return at + offset;
  }

 private:
  ByteView bytes_;
  Status status_;
};

// Numbers that lie in the file one after another.
template <class T>
class Vector {
 public:
  Vector() = default;
  Vector(FlatBuffer& buffer, std::uint64_t at) {
    const auto count = buffer.read<std::uint32_t>(at);
    if (buffer.check(at, 4 + std::uint64_t{count} * sizeof(T)))
      bytes_ = buffer.bytes().subspan(at + 4, std::size_t{count} * sizeof(T));
  }
  std::size_t size() const { return bytes_.size() / sizeof(T); }
  bool empty() const { return bytes_.empty(); }
  T operator[](std::size_t i) const {
    T x;
    std::memcpy(&x, bytes_.data() + i * sizeof(T), sizeof(T));
    return x;
  }
  ByteView bytes() const { return bytes_; }

 private:
  ByteView bytes_;
};

class Table;

class Tables {
 public:
  Tables() = default;
  Tables(FlatBuffer& buffer, std::uint64_t at) : buffer_(&buffer), at_(at) {
    const auto count = buffer.read<std::uint32_t>(at);
    if (buffer.check(at, 4 + std::uint64_t{count} * 4)) size_ = count;
  }
  std::size_t size() const { return size_; }
  Table operator[](std::size_t i) const;

 private:
  FlatBuffer* buffer_ = nullptr;
  std::uint64_t at_ = 0;
  std::size_t size_ = 0;
};

class Table {
 public:
  Table() = default;  // without fields
  Table(FlatBuffer& buffer, std::uint64_t at) : buffer_(&buffer), at_(at) {
    const std::int64_t vtable = static_cast<std::int64_t>(at) - buffer.read<std::int32_t>(at);
    if (vtable < 0) {
      static_cast<void>(buffer.check(buffer.bytes().size(), 1));
      return;
    }
    vtable_ = static_cast<std::uint64_t>(vtable);
    vtable_bytes_ = buffer.read<std::uint16_t>(vtable_);
    if (!buffer.check(vtable_, vtable_bytes_)) vtable_bytes_ = 0;
  }

  bool has(int field) const { return place(field) != 0; }
  template <class T>
  T number(int field, T missing = {}) const {
    const std::uint64_t at = place(field);
    return at == 0 ? missing : buffer_->read<T>(at);
  }
  bool flag(int field) const { return number<std::uint8_t>(field) != 0; }
  Table table(int field) const {
    const std::uint64_t at = target(field);
    return at == 0 ? Table() : Table(*buffer_, at);
  }
  Tables tables(int field) const {
    const std::uint64_t at = target(field);
    return at == 0 ? Tables() : Tables(*buffer_, at);
  }
  template <class T>
  Vector<T> vector(int field) const {
    const std::uint64_t at = target(field);
    return at == 0 ? Vector<T>() : Vector<T>(*buffer_, at);
  }
  std::string_view text(int field) const {
    const ByteView bytes = vector<std::uint8_t>(field).bytes();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

 private:
  // Of the field's number or offset; 0: absent.
  std::uint64_t place(int field) const {
    const auto entry = 4 + 2 * static_cast<std::uint64_t>(field);
    if (buffer_ == nullptr || entry + 2 > vtable_bytes_) return 0;
    const auto offset = buffer_->read<std::uint16_t>(vtable_ + entry);
    return offset == 0 ? 0 : at_ + offset;
  }
  std::uint64_t target(int field) const {
    const std::uint64_t at = place(field);
    return at == 0 ? 0 : buffer_->follow(at);
  }

  FlatBuffer* buffer_ = nullptr;
  std::uint64_t at_ = 0, vtable_ = 0;
  std::uint16_t vtable_bytes_ = 0;
};

inline Table Tables::operator[](std::size_t i) const {
  return Table(*buffer_, buffer_->follow(at_ + 4 + 4 * static_cast<std::uint64_t>(i)));
}

}  // namespace zkinfer::frontend_tflite
