// SPDX-License-Identifier: Apache-2.0
// Data-parallel loops on all cores (oneTBB). Bodies must write disjoint data; results never depend on the number of
// threads because field addition is exact and every chunk's bounds depend only on num_items and grain.
// Threads that the system does not give are a std::system_error (resource_unavailable_try_again) from the first loop of the
// process, passed on as memory that it does not give is (base/out_of_memory.h).
#pragma once

#include <cstddef>
#include <functional>

namespace zkinfer {

// Calls body(begin, end) for consecutive ranges that cover [0, num_items), each a multiple of `grain` items long but
// the last. Runs inline when there is one range.
void parallel_for(std::size_t num_items, std::size_t grain, const std::function<void(std::size_t, std::size_t)>& body);

// Number of ranges of parallel_chunks(num_items, grain, ..): ceil(num_items / grain).
std::size_t num_chunks(std::size_t num_items, std::size_t grain);

// Calls body(chunk_index, begin, end) with fixed chunks [i*grain, min((i+1)*grain, num_items)): for reductions with one
// partial result per chunk.
void parallel_chunks(std::size_t num_items, std::size_t grain,
                     const std::function<void(std::size_t, std::size_t, std::size_t)>& body);

// False while a ThreadLimit allows one thread only.
bool more_threads_allowed();

// Limits the whole process to num_threads threads (0: all cores) until the object dies; with 1 no other thread is ever started.
class ThreadLimit {
 public:
  explicit ThreadLimit(std::size_t num_threads);
  ~ThreadLimit();
  ThreadLimit(const ThreadLimit&) = delete;
  ThreadLimit& operator=(const ThreadLimit&) = delete;

 private:
  [[maybe_unused]] bool is_single_ = false;
  [[maybe_unused]] void* control_ = nullptr;
};

}  // namespace zkinfer
