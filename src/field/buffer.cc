// SPDX-License-Identifier: Apache-2.0
#include "field/buffer.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "base/check.h"
#include "base/out_of_memory.h"

namespace zkinfer {
namespace {

constexpr std::size_t kAlignment = 64;

#if defined(__linux__)
constexpr std::size_t kHugePage = std::size_t{1} << 21;

// Zeroed memory that starts at a huge page; num_bytes is a multiple of kHugePage.
void* map_huge_pages(std::size_t num_bytes) {
  void* memory = mmap(nullptr, num_bytes + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw_out_of_memory(num_bytes);
  // Gives back what lies before the first boundary and behind the last one.
  auto* first = static_cast<char*>(memory);
  const std::size_t before = (kHugePage - reinterpret_cast<std::uintptr_t>(memory) % kHugePage) % kHugePage;
  if (before != 0) (void)munmap(first, before);
  if (before != kHugePage) (void)munmap(first + before + num_bytes, kHugePage - before);
  // Only advice: a failure changes the speed and nothing else.
  (void)madvise(first + before, num_bytes, MADV_HUGEPAGE);
  return first + before;
}

// Mapped blocks that were given back, for the next request that fits into one: the first touch of a fresh page costs the
// kernel 0.1 to 6.9 seconds per GiB on virtual machines, clearing a used one a tenth of a second. Part of the allocator,
// as malloc's free lists are: no result depends on it.
class BlockCache {
 public:
  struct Block {
    void* data = nullptr;
    std::size_t num_bytes = 0;
  };

  // The smallest kept block of at least num_bytes, cut to that where it is much larger; no data when there is none. Its
  // contents are arbitrary.
  Block take(std::size_t num_bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::size_t best = blocks_.size();
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      if (blocks_[i].num_bytes < num_bytes) continue;
      if (best == blocks_.size() || blocks_[i].num_bytes < blocks_[best].num_bytes) best = i;
    }
    if (best == blocks_.size()) return {};
    Block block = blocks_[best];
    if (block.num_bytes <= num_bytes + num_bytes / 4) {
      blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(best));
    } else {
      blocks_[best] = {static_cast<char*>(block.data) + num_bytes, block.num_bytes - num_bytes};
      block.num_bytes = num_bytes;
    }
    num_bytes_ -= block.num_bytes;
    return block;
  }

  // Keeps the block, joined with those that it touches, and drops the oldest ones beyond the limit.
  void give(Block block) {
    const std::lock_guard<std::mutex> lock(mutex_);
    num_bytes_ += block.num_bytes;
    const auto end_of = [](const Block& b) { return static_cast<char*>(b.data) + b.num_bytes; };
    for (std::size_t i = 0; i < blocks_.size();) {
      const Block other = blocks_[i];
      if (end_of(other) != block.data && end_of(block) != other.data) {
        ++i;
        continue;
      }
      block = {std::min(static_cast<char*>(other.data), static_cast<char*>(block.data)),
               other.num_bytes + block.num_bytes};
      blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(i));
      i = 0;  // what was passed may touch what has grown
    }
    blocks_.push_back(block);
    while (num_bytes_ > kMaxBytes) {
      (void)munmap(blocks_.front().data, blocks_.front().num_bytes);
      num_bytes_ -= blocks_.front().num_bytes;
      blocks_.erase(blocks_.begin());
    }
  }

 private:
  static constexpr std::size_t kMaxBytes = std::size_t{512} << 20;
  std::mutex mutex_;
  std::vector<Block> blocks_;  // oldest first
  std::size_t num_bytes_ = 0;
};

BlockCache& block_cache() {
  // Never destroyed: vectors of static duration may outlive any other order.
  static BlockCache& cache = *new BlockCache;
  return cache;
}
#endif

}  // namespace

ZeroedMemory::ZeroedMemory(std::size_t num_bytes) {
  if (num_bytes == 0) return;
  ZKI_CHECK(num_bytes < (std::size_t{1} << 50), "memory request too large");
#if defined(__linux__)
  if (num_bytes >= 2 * kHugePage) {
    num_mapped_bytes_ = (num_bytes + kHugePage - 1) / kHugePage * kHugePage;
    if (const BlockCache::Block block = block_cache().take(num_mapped_bytes_); block.data != nullptr) {
      data_ = block.data;
      num_mapped_bytes_ = block.num_bytes;
      std::memset(data_, 0, num_bytes);
      return;
    }
    data_ = map_huge_pages(num_mapped_bytes_);
    return;
  }
#endif
  data_ = std::aligned_alloc(kAlignment, (num_bytes + kAlignment - 1) / kAlignment * kAlignment);
  if (data_ == nullptr) throw_out_of_memory(num_bytes);
  std::memset(data_, 0, num_bytes);
}

ZeroedMemory::ZeroedMemory(ZeroedMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), num_mapped_bytes_(std::exchange(other.num_mapped_bytes_, 0)) {}

ZeroedMemory& ZeroedMemory::operator=(ZeroedMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(num_mapped_bytes_, other.num_mapped_bytes_);
  return *this;
}

ZeroedMemory::~ZeroedMemory() {
#if defined(__linux__)
  if (num_mapped_bytes_ != 0) {
    block_cache().give({data_, num_mapped_bytes_});
    return;
  }
#endif
  std::free(data_);
}

FpVec::FpVec(std::size_t num_values) : size_(num_values) {
  ZKI_CHECK(num_values < (std::size_t{1} << 47), "vector too large");
  memory_ = ZeroedMemory(num_values * sizeof(Fp));
}

FpVec::FpVec(const FpVec& other) : FpVec(other.size_) {
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
  FpVec next(num_values);
  const std::size_t num_kept = num_values < size_ ? num_values : size_;
  if (num_kept != 0) std::memcpy(next.memory_.data(), data(), num_kept * sizeof(Fp));
  *this = std::move(next);
}

}  // namespace zkinfer
