// SPDX-License-Identifier: Apache-2.0
// BlockCache: memory for vectors, in huge pages straight from the system, where the system is Linux.
//
// What is given back is kept: the first touch of a fresh page costs the kernel 0.1 to 6.9 seconds per GiB on virtual machines,
// clearing a used one a tenth of a second. Fresh pages are asked for only when none are kept: where none of the kept pieces is
// long enough, the pages of several are moved together. So what is mapped follows what was in use at once, whatever the sizes
// and their order. Part of the allocator, as malloc's free lists are: no result depends on it. Thread-safe.
#pragma once

#include <cstddef>
#include <map>

#include "base/mutex.h"

namespace zkinfer {

class BlockCache {
 public:
  // Smaller vectors are malloc's.
  static constexpr std::size_t kMinBytes = std::size_t{1} << 16;

  struct Block {
    char* data = nullptr;
    std::size_t num_bytes = 0;
    std::size_t num_used = 0;  // bytes at the beginning whose contents are arbitrary; the others are zero
  };

  // At least num_bytes >= kMinBytes; from 4 MiB on it begins at a huge page. Errors: OutOfMemory.
  Block take(std::size_t num_bytes);
  // Exactly what was taken.
  void give(char* data, std::size_t num_bytes);
  // Lets the system take back what is kept beyond 512 MiB, when it needs it.
  void offer();

  static BlockCache& instance();

 private:
  // From an address to the number of bytes there, a multiple of a page; no two of them touch.
  using Pieces = std::map<char*, std::size_t>;

  void keep(char* data, std::size_t num_bytes);
  void cut(Pieces::iterator piece, char* data, std::size_t num_bytes);
  Block take_small(std::size_t num_bytes);
  Block take_large(std::size_t num_bytes);
  std::size_t gather(char* block, std::size_t num_bytes);

  Mutex mutex_;
  Pieces kept_;
};

}  // namespace zkinfer
