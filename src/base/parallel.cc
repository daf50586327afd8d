// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"

#include <algorithm>

#include <tbb/global_control.h>
#include <tbb/parallel_for.h>

#include "base/check.h"

#if defined(__SANITIZE_THREAD__)
extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);
#endif

namespace zkinfer {

namespace {

// Tells the thread sanitizer, which does not see into the TBB library, that every chunk runs after the call began and
// before it returns. Chunks stay unordered among themselves.
class ForkJoin {
 public:
#if defined(__SANITIZE_THREAD__)
  ForkJoin() { __tsan_release(&fork_); }
  ~ForkJoin() { __tsan_acquire(&join_); }
  void begin_chunk() { __tsan_acquire(&fork_); }
  void end_chunk() { __tsan_release(&join_); }

 private:
  char fork_ = 0, join_ = 0;
#else
  void begin_chunk() {}
  void end_chunk() {}
#endif
};

}  // namespace

std::size_t num_chunks(std::size_t num_items, std::size_t grain) {
  ZKI_CHECK(grain > 0, "grain is positive");
  return (num_items + grain - 1) / grain;
}

void parallel_chunks(std::size_t num_items, std::size_t grain,
                     const std::function<void(std::size_t, std::size_t, std::size_t)>& body) {
  const std::size_t count = num_chunks(num_items, grain);
  const auto run = [&](std::size_t i) { body(i, i * grain, std::min((i + 1) * grain, num_items)); };
  if (count <= 1) {
    if (count == 1) run(0);
    return;
  }
  ForkJoin order;
  tbb::parallel_for(std::size_t{0}, count, [&](std::size_t i) {
    order.begin_chunk();
    run(i);
    order.end_chunk();
  });
}

void parallel_for(std::size_t num_items, std::size_t grain,
                  const std::function<void(std::size_t, std::size_t)>& body) {
  parallel_chunks(num_items, grain, [&](std::size_t, std::size_t begin, std::size_t end) { body(begin, end); });
}

ThreadLimit::ThreadLimit(std::size_t num_threads) {
  if (num_threads > 0) {
    control_ = new tbb::global_control(tbb::global_control::max_allowed_parallelism, num_threads);
  }
}

ThreadLimit::~ThreadLimit() { delete static_cast<tbb::global_control*>(control_); }

}  // namespace zkinfer
