// SPDX-License-Identifier: Apache-2.0
#include "field/buffer.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/out_of_memory.h"
#include "field/block_cache.h"

namespace zkinfer {
namespace {

constexpr std::size_t kAlignment = 64;

}  // namespace

AlignedMemory::AlignedMemory(std::size_t num_bytes, Contents contents) {
  if (num_bytes == 0) return;
  ZKI_CHECK(num_bytes <= PTRDIFF_MAX, "memory request too large");
#if defined(__linux__)
  if (num_bytes >= BlockCache::kMinBytes) {
    const BlockCache::Block block = BlockCache::instance().take(num_bytes);
    data_ = block.data;
    num_block_bytes_ = block.num_bytes;
    if (contents == Contents::kZeros) std::memset(data_, 0, std::min(block.num_used, num_bytes));
    return;
  }
#endif
  data_ = std::aligned_alloc(kAlignment, (num_bytes + kAlignment - 1) / kAlignment * kAlignment);
  if (data_ == nullptr) throw_out_of_memory(num_bytes);
  if (contents == Contents::kZeros) std::memset(data_, 0, num_bytes);
}

AlignedMemory::AlignedMemory(AlignedMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), num_block_bytes_(std::exchange(other.num_block_bytes_, 0)) {}

AlignedMemory& AlignedMemory::operator=(AlignedMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(num_block_bytes_, other.num_block_bytes_);
  return *this;
}

AlignedMemory::~AlignedMemory() {
#if defined(__linux__)
  if (num_block_bytes_ != 0) {
    BlockCache::instance().give(static_cast<char*>(data_), num_block_bytes_);
    return;
  }
#endif
  std::free(data_);
}

void offer_kept_memory() {
#if defined(__linux__)
  BlockCache::instance().offer();
#endif
}

FpVec::FpVec(std::size_t num_values, Contents contents) : size_(num_values) {
  ZKI_CHECK(num_values <= PTRDIFF_MAX / sizeof(Fp), "vector too large");
  memory_ = AlignedMemory(num_values * sizeof(Fp), contents);
}

FpVec::FpVec(const FpVec& other) : FpVec(other.size_, Contents::kUnset) {
  if (size_ != 0) std::memcpy(memory_.data(), other.data(), size_ * sizeof(Fp));
}

FpVec::FpVec(FpVec&& other) noexcept : memory_(std::move(other.memory_)), size_(std::exchange(other.size_, 0)) {}

FpVec& FpVec::operator=(FpVec other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(size_, other.size_);
  return *this;
}

void FpVec::resize(std::size_t num_values) {
  if (num_values == size_) return;
  FpVec next(num_values, num_values < size_ ? Contents::kUnset : Contents::kZeros);
  const std::size_t num_kept = num_values < size_ ? num_values : size_;
  if (num_kept != 0) std::memcpy(next.memory_.data(), data(), num_kept * sizeof(Fp));
  *this = std::move(next);
}

}  // namespace zkinfer
