// SPDX-License-Identifier: Apache-2.0
// run_all and its limits on threads of oneTBB.

#include <algorithm>
#include <atomic>
#include <latch>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include <tbb/global_control.h>
#include <tbb/parallel_for.h>

#include "base/parallel.h"
#include "base/run_all.h"

namespace zkinfer {

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
namespace {

// How many ThreadLimits allow one thread only.
std::atomic<int> num_single{0};

// TBB ends the process where it cannot start the threads that it counts on. So as many are started here first, at once.
void check_threads() {
  const std::size_t wanted = tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism) - 1;
  std::latch all_there(1);
  std::vector<std::thread> threads;
  bool missing = false;
  try {
    while (threads.size() < wanted) threads.emplace_back([&] { all_there.wait(); });
  } catch (const std::system_error&) {
    missing = true;
  }
  all_there.count_down();
  for (std::thread& thread : threads) thread.join();
  if (missing) throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
}

}  // namespace

void run_all(std::size_t count, const std::function<void(std::size_t)>& run) {
  if (num_single > 0) {
    for (std::size_t i = 0; i < count; ++i) run(i);
    return;
  }
  static std::once_flag checked;
  std::call_once(checked, check_threads);
  tbb::parallel_for(std::size_t{0}, count, run);
}
#endif

bool more_threads_allowed() {
#if defined(__SANITIZE_THREAD__)
  return true;
#else
  return num_single == 0;
#endif
}

ThreadLimit::ThreadLimit(std::size_t num_threads) {
#if !defined(__SANITIZE_THREAD__)
  is_single_ = num_threads == 1;
  if (is_single_) ++num_single;
#endif
  if (num_threads > 1) {
    control_ = new tbb::global_control(tbb::global_control::max_allowed_parallelism, num_threads);
  }
}

ThreadLimit::~ThreadLimit() {
#if !defined(__SANITIZE_THREAD__)
  if (is_single_) --num_single;
#endif
  delete static_cast<tbb::global_control*>(control_);
}

}  // namespace zkinfer
