// SPDX-License-Identifier: Apache-2.0
// The machine and build that a measured number belongs to, and this process's peak memory (Linux).
#pragma once

#include <cstdint>
#include <string>

namespace zkinfer::cli {

struct Machine {
  std::string cpu, system, compiler, commit;  // commit: of the sources, "-dirty" when changed
  unsigned num_cores = 0;
  std::uint64_t memory_bytes = 0;
};

Machine this_machine();
// The text after "key<blanks>:" in a /proc file of such lines; empty when absent.
std::string proc_value(const char* path, const std::string& key);

// Largest resident memory since the start or the last reset (VmHWM); 0 when the system does not tell.
std::uint64_t peak_memory_bytes();
// Address space in use now, which limits count.
std::uint64_t memory_bytes();
// Starts a new peak at the present size; false when the system does not allow it.
bool reset_peak_memory();

}  // namespace zkinfer::cli
