// SPDX-License-Identifier: Apache-2.0
// run_all where there are no threads.
#include "base/parallel.h"
#include "base/run_all.h"

namespace zkinfer {

void run_all(std::size_t count, const std::function<void(std::size_t)>& run) {
  for (std::size_t i = 0; i < count; ++i) run(i);
}

bool more_threads_allowed() { return false; }

ThreadLimit::ThreadLimit(std::size_t) {}
ThreadLimit::~ThreadLimit() = default;

}  // namespace zkinfer
