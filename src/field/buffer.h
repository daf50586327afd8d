// SPDX-License-Identifier: Apache-2.0
// AlignedMemory: 64-byte aligned bytes. FpVec: a vector of Fp in such memory.
//
// From 64 KiB on the memory comes in huge pages (field/block_cache.h): the strided passes of the NTT need them, and first
// touching small pages costs more than the arithmetic on them. What is given back is kept for the next vectors.
//
// Errors: OutOfMemory (base/out_of_memory.h); the sizes come from our own parameters, never from proof bytes.
#pragma once

#include <cstddef>
#include <span>

#include "field/fp.h"

namespace zkinfer {

using FpSpan = std::span<Fp>;
using FpCSpan = std::span<const Fp>;

// kUnset: anything; for whoever sets every entry before it is read.
enum class Contents { kZeros, kUnset };

class AlignedMemory {
 public:
  AlignedMemory() = default;
  explicit AlignedMemory(std::size_t num_bytes, Contents contents = Contents::kZeros);
  AlignedMemory(AlignedMemory&& other) noexcept;
  AlignedMemory& operator=(AlignedMemory&& other) noexcept;
  ~AlignedMemory();

  // Null when there are no bytes.
  void* data() { return data_; }
  const void* data() const { return data_; }

 private:
  void* data_ = nullptr;
  std::size_t num_block_bytes_ = 0;  // 0 for memory from the heap
};

// Lets the system take back what is kept for later vectors, whenever it needs the memory: for the end of a piece of work.
void offer_kept_memory();

class FpVec {
 public:
  FpVec() = default;
  explicit FpVec(std::size_t num_values, Contents contents = Contents::kZeros);
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
  AlignedMemory memory_;
  std::size_t size_ = 0;
};

}  // namespace zkinfer
