// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"

#include <algorithm>
#if defined(__SANITIZE_THREAD__)
#include <atomic>
#include <thread>
#include <vector>
#endif

#include <tbb/global_control.h>
#include <tbb/parallel_for.h>

#include "base/check.h"

namespace zkinfer {

namespace {

#if defined(__SANITIZE_THREAD__)
// The thread sanitizer does not see into the TBB library and would report every chunk: plain threads run the same chunks.
void run_all(std::size_t count, const std::function<void(std::size_t)>& run) {
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++) run(i);
  };
  std::vector<std::thread> helpers;
  for (std::size_t t = 1; t < std::min<std::size_t>(count, 4); ++t) helpers.emplace_back(work);
  work();
  for (std::thread& helper : helpers) helper.join();
}
#else
template <typename Run>
void run_all(std::size_t count, const Run& run) {
  tbb::parallel_for(std::size_t{0}, count, run);
}
#endif

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
  run_all(count, run);
}

void parallel_for(std::size_t num_items, std::size_t grain, const std::function<void(std::size_t, std::size_t)>& body) {
  parallel_chunks(num_items, grain, [&](std::size_t, std::size_t begin, std::size_t end) { body(begin, end); });
}

ThreadLimit::ThreadLimit(std::size_t num_threads) {
  if (num_threads > 0) {
    control_ = new tbb::global_control(tbb::global_control::max_allowed_parallelism, num_threads);
  }
}

ThreadLimit::~ThreadLimit() { delete static_cast<tbb::global_control*>(control_); }

}  // namespace zkinfer
