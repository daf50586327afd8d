// SPDX-License-Identifier: Apache-2.0
// Memory that the system does not give. Not an error of ours and none of the input's alone, so neither a failed check nor a status:
// an exception, as from operator new, that says how much was wanted. Code in between is built without exceptions and frees nothing on
// its way: whoever catches it says so and ends the process.
#pragma once

#include <cstddef>
#include <new>

namespace zkinfer {

struct OutOfMemory : std::bad_alloc {
  explicit OutOfMemory(std::size_t wanted) : num_bytes(wanted) {}
  const char* what() const noexcept override { return "out of memory"; }
  std::size_t num_bytes;
};

[[noreturn]] void throw_out_of_memory(std::size_t num_bytes);

}  // namespace zkinfer
