// SPDX-License-Identifier: Apache-2.0
// FpVec: an owning, 64-byte aligned vector of Fp, zeroed on growth. Large ones ask the system for huge pages, which
// the strided passes of the NTT need.
//
// Errors: out of memory aborts (the sizes come from our own parameters, never from proof bytes).
#pragma once

#include <cstddef>
#include <span>

#include "field/fp.h"

namespace zkinfer {

using FpSpan = std::span<Fp>;
using FpCSpan = std::span<const Fp>;

class FpVec {
 public:
  FpVec() = default;
  // num_values zeros.
  explicit FpVec(std::size_t num_values);
  FpVec(const FpVec& other);
  FpVec(FpVec&& other) noexcept;
  FpVec& operator=(FpVec other) noexcept;
  ~FpVec();

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Fp* data() { return data_; }
  const Fp* data() const { return data_; }
  Fp& operator[](std::size_t i) { return data_[i]; }
  const Fp& operator[](std::size_t i) const { return data_[i]; }
  Fp* begin() { return data_; }
  Fp* end() { return data_ + size_; }
  const Fp* begin() const { return data_; }
  const Fp* end() const { return data_ + size_; }
  FpSpan span() { return {data_, size_}; }
  FpCSpan span() const { return {data_, size_}; }
  // Keeps the first min(old, new) values; new ones are zero.
  void resize(std::size_t num_values);
  // Frees the memory.
  void clear() { resize(0); }

 private:
  Fp* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace zkinfer
