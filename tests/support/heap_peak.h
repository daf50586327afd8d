// SPDX-License-Identifier: Apache-2.0
// How much a test's code allocates: replaces operator new and delete, so one file of a binary includes it. Not with sanitizers,
// which replace them themselves.
#pragma once

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "base/check.h"

namespace zkinfer::e2e {

inline std::atomic<std::int64_t> live_bytes{0}, peak_bytes{0};

// Of all threads, since the object was made.
class HeapPeak {
 public:
  HeapPeak() : before_(live_bytes) { peak_bytes = before_; }
  std::uint64_t bytes() const { return static_cast<std::uint64_t>(std::max<std::int64_t>(0, peak_bytes - before_)); }

 private:
  std::int64_t before_;
};

inline void* counted_allocation(void* made) {
  ZKI_CHECK(made != nullptr, "out of memory");
  const std::int64_t now = live_bytes += static_cast<std::int64_t>(malloc_usable_size(made));
  std::int64_t peak = peak_bytes;
  while (now > peak && !peak_bytes.compare_exchange_weak(peak, now)) {}
  return made;
}

inline void free_counted(void* given) {
  if (given != nullptr) live_bytes -= static_cast<std::int64_t>(malloc_usable_size(given));
  std::free(given);
}

}  // namespace zkinfer::e2e

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
void* operator new(std::size_t size) { return zkinfer::e2e::counted_allocation(std::malloc(size)); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto unit = static_cast<std::size_t>(alignment);
  return zkinfer::e2e::counted_allocation(std::aligned_alloc(unit, (size + unit - 1) / unit * unit));
}
void operator delete(void* given) noexcept { zkinfer::e2e::free_counted(given); }
void operator delete(void* given, std::size_t) noexcept { zkinfer::e2e::free_counted(given); }
void operator delete(void* given, std::align_val_t) noexcept { zkinfer::e2e::free_counted(given); }
void operator delete(void* given, std::size_t, std::align_val_t) noexcept { zkinfer::e2e::free_counted(given); }
#endif
