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
constexpr std::size_t kHugePage = std::size_t{1} << 21;

Fp* allocate_zeroed(std::size_t num_values) {
  if (num_values == 0) return nullptr;
  ZKI_CHECK(num_values < (std::size_t{1} << 48), "vector too large");
  const std::size_t num_bytes = num_values * sizeof(Fp);
  const std::size_t alignment = num_bytes >= 2 * kHugePage ? kHugePage : kAlignment;
  const std::size_t rounded = (num_bytes + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, rounded);
  ZKI_CHECK(memory != nullptr, "out of memory");
#if defined(__linux__)
  // Only advice: a failure changes the speed and nothing else.
  if (alignment == kHugePage) (void)madvise(memory, rounded, MADV_HUGEPAGE);
#endif
  std::memset(memory, 0, num_bytes);
  return static_cast<Fp*>(memory);
}

}  // namespace

FpVec::FpVec(std::size_t num_values) : data_(allocate_zeroed(num_values)), size_(num_values) {}

FpVec::FpVec(const FpVec& other) : FpVec(other.size_) {
  if (size_ != 0) std::memcpy(static_cast<void*>(data_), other.data_, size_ * sizeof(Fp));
}

FpVec::FpVec(FpVec&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

FpVec& FpVec::operator=(FpVec other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

FpVec::~FpVec() { std::free(data_); }

void FpVec::resize(std::size_t num_values) {
  if (num_values == size_) return;
  FpVec next(num_values);
  const std::size_t num_kept = num_values < size_ ? num_values : size_;
  if (num_kept != 0) std::memcpy(static_cast<void*>(next.data_), data_, num_kept * sizeof(Fp));
  *this = std::move(next);
}

}  // namespace zkinfer
