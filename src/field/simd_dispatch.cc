// SPDX-License-Identifier: Apache-2.0
#include "field/simd_dispatch.h"

#include <algorithm>
#include <atomic>

#include "base/check.h"

namespace zkinfer::simd {

namespace {

bool is_compiled(Target target) {
  switch (target) {
    case Target::kAvx512Ifma: return (HWY_TARGETS & HWY_AVX3_DL) != 0;
    case Target::kAvx512: return (HWY_TARGETS & HWY_AVX3) != 0;
    case Target::kAvx2: return (HWY_TARGETS & HWY_AVX2) != 0;
    case Target::kBaseline: return true;
  }
  return false;
}

#if defined(__x86_64__)
// The instructions that Highway lets the compiler use for each, and IFMA, which is ours. Those that neither compiler can ask
// for (F16C, LZCNT, VAES) came to processors before or with the ones beside them.
bool has_instructions(Target target) {
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
                    __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512cd");
  switch (target) {
    case Target::kAvx512Ifma:
      return avx512 && __builtin_cpu_supports("avx512ifma") && __builtin_cpu_supports("avx512vbmi") &&
             __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512vnni") &&
             __builtin_cpu_supports("avx512bitalg") && __builtin_cpu_supports("avx512vpopcntdq") &&
             __builtin_cpu_supports("gfni") && __builtin_cpu_supports("vpclmulqdq");
    case Target::kAvx512: return avx512;
    case Target::kAvx2: return avx2;
    case Target::kBaseline: return true;
  }
  return false;
}
#else
bool has_instructions(Target target) { return target == Target::kBaseline; }
#endif

Target best_target() {
  return *std::find_if(kTargets.begin(), kTargets.end(), is_available);  // the last one is always there
}

std::atomic<Target>& chosen() {
  static std::atomic<Target> target = best_target();
  return target;
}

}  // namespace

const char* name_of(Target target) {
  switch (target) {
    case Target::kAvx512Ifma: return "AVX512_IFMA";
    case Target::kAvx512: return "AVX512";
    case Target::kAvx2: return "AVX2";
    case Target::kBaseline: return "BASELINE";
  }
  return "";
}

bool is_available(Target target) { return is_compiled(target) && has_instructions(target); }

Target chosen_target() { return chosen().load(std::memory_order_relaxed); }

void choose_target(Target target) {
  ZKI_CHECK(is_available(target), name_of(target));
  chosen() = target;
}

}  // namespace zkinfer::simd
