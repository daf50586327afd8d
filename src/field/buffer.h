// SPDX-License-Identifier: Apache-2.0
// ZeroedMemory: 64-byte aligned zeroed bytes. FpVec: a vector of Fp in such memory.
//
// From 4 MiB on the memory comes as huge pages straight from the system: the strided passes of the NTT need them, and
// first touching small pages costs more than the arithmetic on them.
//
// Errors: OutOfMemory (base/out_of_memory.h); the sizes come from our own parameters, never from proof bytes.
#pragma once

#include <cstddef>
#include <span>

#include "field/fp.h"

namespace zkinfer {

using FpSpan = std::span<Fp>;
using FpCSpan = std::span<const Fp>;

class ZeroedMemory {
 public:
  ZeroedMemory() = default;
  explicit ZeroedMemory(std::size_t num_bytes);
  ZeroedMemory(ZeroedMemory&& other) noexcept;
  ZeroedMemory& operator=(ZeroedMemory&& other) noexcept;
  ~ZeroedMemory();

  // Null when there are no bytes.
  void* data() { return data_; }
  const void* data() const { return data_; }

 private:
  void* data_ = nullptr;
  std::size_t num_mapped_bytes_ = 0;  // 0 for memory from the heap
};

class FpVec {
 public:
  FpVec() = default;
  // num_values zeros.
  explicit FpVec(std::size_t num_values);
  FpVec(const FpVec& other);
  FpVec(FpVec&& other) noexcept;
  FpVec& operator=(FpVec other) noexcept;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Fp* data() { return static_cast<Fp*>(memory_.data()); }
  const Fp* data() const { return static_cast<const Fp*>(memory_.data()); }
  Fp& operator[](std::size_t i) { return data()[i]; }
  const Fp& operator[](std::size_t i) const { return data()[i]; }
  Fp* begin() { return data(); }
  Fp* end() { return data() + size_; }
  const Fp* begin() const { return data(); }
  const Fp* end() const { return data() + size_; }
  FpSpan span() { return {data(), size_}; }
  FpCSpan span() const { return {data(), size_}; }
  // Keeps the first min(old, new) values; new ones are zero.
  void resize(std::size_t num_values);
  // Frees the memory.
  void clear() { resize(0); }

 private:
  ZeroedMemory memory_;
  std::size_t size_ = 0;
};

}  // namespace zkinfer
