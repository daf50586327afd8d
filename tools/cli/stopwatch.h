// SPDX-License-Identifier: Apache-2.0
// Wall-clock seconds since construction, and since the process began.
#pragma once

#include <chrono>

namespace zkinfer::cli {

class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// What a person has waited for so far (machine.cc).
double process_seconds();

}  // namespace zkinfer::cli
