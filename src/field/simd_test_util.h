// SPDX-License-Identifier: Apache-2.0
// For tests: run the same test once per instruction set that this machine has.
#pragma once

#include <algorithm>
#include <iterator>
#include <vector>

#include "field/simd_dispatch.h"

namespace zkinfer {

inline std::vector<simd::Target> simd_targets() {
  std::vector<simd::Target> targets;
  std::copy_if(simd::kTargets.begin(), simd::kTargets.end(), std::back_inserter(targets), simd::is_available);
  return targets;
}

// Every dispatched kernel of the process uses this target until the object dies.
class SimdTargetScope {
 public:
  explicit SimdTargetScope(simd::Target target) : before_(simd::chosen_target()) { simd::choose_target(target); }
  ~SimdTargetScope() { simd::choose_target(before_); }
  SimdTargetScope(const SimdTargetScope&) = delete;
  SimdTargetScope& operator=(const SimdTargetScope&) = delete;

 private:
  simd::Target before_;
};

}  // namespace zkinfer
