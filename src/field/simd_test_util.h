// SPDX-License-Identifier: Apache-2.0
// For tests: run the same test once per instruction set that this machine has.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "field/simd_targets.h"
#include "hwy/highway.h"

namespace zkinfer {

// One Highway target bit per compiled and supported instruction set; plain C++ is among them.
inline std::vector<std::int64_t> simd_targets() {
  std::vector<std::int64_t> targets;
  for (std::int64_t bit = 1; bit > 0 && bit <= HWY_SCALAR; bit <<= 1) {
    if ((hwy::SupportedTargets() | HWY_SCALAR) & HWY_TARGETS & bit) targets.push_back(bit);
    if (bit == HWY_SCALAR) break;
  }
  return targets;
}

// Every dispatched kernel of the process uses this target until the object dies.
class SimdTargetScope {
 public:
  explicit SimdTargetScope(std::int64_t target) { choose(target); }
  ~SimdTargetScope() { choose(0); }
  SimdTargetScope(const SimdTargetScope&) = delete;
  SimdTargetScope& operator=(const SimdTargetScope&) = delete;

 private:
  static void choose(std::int64_t targets) {
    hwy::SetSupportedTargetsForTest(targets);
    hwy::GetChosenTarget().DeInit();
  }
};

inline std::string simd_target_name(std::int64_t target) { return hwy::TargetName(target); }

}  // namespace zkinfer
