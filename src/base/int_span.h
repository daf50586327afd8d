// SPDX-License-Identifier: Apache-2.0
// IntSpan: integers of 1, 2 or 4 bytes each, two's complement and little-endian, borrowed from memory at any address (a
// file's bytes have no alignment).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace zkinfer {

struct IntSpan {
  const std::uint8_t* data = nullptr;
  std::size_t size = 0;    // integers
  std::uint8_t width = 1;  // bytes of each

  bool empty() const { return size == 0; }
  std::size_t num_bytes() const { return size * width; }
  // begin + count <= size.
  IntSpan subspan(std::size_t begin, std::size_t count) const { return {data + begin * width, count, width}; }

  // i < size.
  std::int32_t operator[](std::size_t i) const {
    if (width == 1) return load<std::int8_t>(i);
    return width == 2 ? load<std::int16_t>(i) : load<std::int32_t>(i);
  }
  // Calls body with a function of the index that is made for this width: for loops over many entries.
  template <class Body>
  auto with_reader(const Body& body) const {
    if (width == 1) return body([this](std::size_t i) { return load<std::int8_t>(i); });
    if (width == 2) return body([this](std::size_t i) { return load<std::int16_t>(i); });
    return body([this](std::size_t i) { return load<std::int32_t>(i); });
  }
  // out[i] = this[begin + i]; T must hold the values.
  template <class T>
  void copy(std::size_t begin, std::span<T> out) const {
    with_reader([&](const auto& read) {
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<T>(read(begin + i));
    });
  }

 private:
  template <class T>
  std::int32_t load(std::size_t i) const {
    T x;
    std::memcpy(&x, data + i * sizeof(T), sizeof(T));
    return x;
  }
};

// The fewest bytes (1, 2 or 4) of integers in [lo, hi].
inline std::uint8_t int_width(std::int64_t lo, std::int64_t hi) {
  if (lo >= INT8_MIN && hi <= INT8_MAX) return 1;
  return lo >= INT16_MIN && hi <= INT16_MAX ? 2 : 4;
}

}  // namespace zkinfer
