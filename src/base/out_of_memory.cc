// SPDX-License-Identifier: Apache-2.0
#include "base/out_of_memory.h"

namespace zkinfer {

void throw_out_of_memory(std::size_t num_bytes) { throw OutOfMemory(num_bytes); }

}  // namespace zkinfer
