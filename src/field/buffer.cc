// SPDX-License-Identifier: Apache-2.0
#include "field/buffer.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "base/check.h"

namespace zkinfer {
namespace {

constexpr std::size_t kAlignment = 64;

#if defined(__linux__)
constexpr std::size_t kHugePage = std::size_t{1} << 21;

// Zeroed memory that starts at a huge page; num_bytes is a multiple of kHugePage.
void* map_huge_pages(std::size_t num_bytes) {
  void* memory = mmap(nullptr, num_bytes + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ZKI_CHECK(memory != MAP_FAILED, "out of memory");
  // Gives back what lies before the first boundary and behind the last one.
  auto* first = static_cast<char*>(memory);
  const std::size_t before = (kHugePage - reinterpret_cast<std::uintptr_t>(memory) % kHugePage) % kHugePage;
  if (before != 0) (void)munmap(first, before);
  if (before != kHugePage) (void)munmap(first + before + num_bytes, kHugePage - before);
  // Only advice: a failure changes the speed and nothing else.
  (void)madvise(first + before, num_bytes, MADV_HUGEPAGE);
  return first + before;
}
#endif

}  // namespace

ZeroedMemory::ZeroedMemory(std::size_t num_bytes) {
  if (num_bytes == 0) return;
  ZKI_CHECK(num_bytes < (std::size_t{1} << 50), "memory request too large");
#if defined(__linux__)
  if (num_bytes >= 2 * kHugePage) {
    num_mapped_bytes_ = (num_bytes + kHugePage - 1) / kHugePage * kHugePage;
    data_ = map_huge_pages(num_mapped_bytes_);
    return;
  }
#endif
  data_ = std::aligned_alloc(kAlignment, (num_bytes + kAlignment - 1) / kAlignment * kAlignment);
  ZKI_CHECK(data_ != nullptr, "out of memory");
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
    (void)munmap(data_, num_mapped_bytes_);
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
