// SPDX-License-Identifier: Apache-2.0
// How much a verification may cost. Counted from the key before it is spent (docs/threat_model.md, "Robustness").
#pragma once

#include <cstdint>

namespace zkinfer {

struct VerifyCost {
  std::uint64_t nanoseconds = 0;   // of one core of the machine that the count was calibrated on
  std::uint64_t memory_bytes = 0;  // at the peak, key and public data included
};

// Keys that need more are refused. The defaults are far above what models need whose proofs take minutes to make.
struct VerifyLimits {
  std::uint64_t nanoseconds = 2'000'000'000;
  std::uint64_t memory_bytes = std::uint64_t{512} << 20;
};

// For keys of one's own.
inline constexpr VerifyLimits kNoVerifyLimits{std::uint64_t{1} << 62, std::uint64_t{1} << 62};

}  // namespace zkinfer
