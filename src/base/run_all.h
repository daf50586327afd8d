// SPDX-License-Identifier: Apache-2.0
// What parallel.cc asks of the platform: threads of oneTBB (tbb_threads.cc), or none (one_thread.cc, for WebAssembly), which also
// define parallel.h's limits.
#pragma once

#include <cstddef>
#include <functional>

namespace zkinfer {

// Calls run(0) to run(count - 1), in any order, perhaps at once.
void run_all(std::size_t count, const std::function<void(std::size_t)>& run);

}  // namespace zkinfer
