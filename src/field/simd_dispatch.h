// SPDX-License-Identifier: Apache-2.0
// Which of the compiled instruction sets the kernels of this process run on: the best one that the machine has. Highway's own
// choice is in a library that calibrates a timer whenever a program starts, which took 4 ms of every run.
//
//   ZKI_SIMD_EXPORT(Kernel);                  behind its HWY_ONCE, in the namespace that HWY_NAMESPACE is in
//   ZKI_SIMD_CALL(Kernel)(arguments)
#pragma once

#include <array>

#include "field/simd_targets.h"
#include "hwy/highway.h"

#define ZKI_SIMD_EXPORT(name)                                                               \
  static constexpr std::array<decltype(&HWY_STATIC_DISPATCH(name)), 4> name##_by_target = { \
      HWY_CHOOSE_AVX3_DL(name), HWY_CHOOSE_AVX3(name), HWY_CHOOSE_AVX2(name), HWY_CHOOSE_FALLBACK(name)}
#define ZKI_SIMD_CALL(name) (*name##_by_target[static_cast<std::size_t>(::zkinfer::simd::chosen_target())])

namespace zkinfer::simd {

// In the order of the tables: best first. The last has whatever every machine of the architecture has.
enum class Target { kAvx512Ifma, kAvx512, kAvx2, kBaseline };
inline constexpr std::array kTargets = {Target::kAvx512Ifma, Target::kAvx512, Target::kAvx2, Target::kBaseline};

const char* name_of(Target target);
// Compiled, and this machine has it.
bool is_available(Target target);

Target chosen_target();
// For tests, of the whole process: an available one.
void choose_target(Target target);

}  // namespace zkinfer::simd
