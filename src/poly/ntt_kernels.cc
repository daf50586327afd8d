// SPDX-License-Identifier: Apache-2.0
#include "poly/ntt_kernels.h"

#include "field/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "poly/ntt_kernels.cc"
#include "hwy/foreach_target.h"
// Highway asks for its header after the loop header.
#include "field/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace zkinfer {
namespace HWY_NAMESPACE {
namespace {

// One node: two runs of values.
HWY_INLINE void SplitTwo(Fp* data, std::size_t run, Fp c) {
  const Constant vc = constant(c);
  Fp* high = data + run;
  for_vectors(run, [=](std::size_t i, auto io) HWY_ATTR {
    const V low = io.load(data + i);
    const V turned = mul(vc, io.load(high + i));
    io.store(add(low, turned), data + i);
    io.store(sub(low, turned), high + i);
  });
}

void SplitRows(Fp* data, int log_rows, std::size_t width, const Fp* twiddles) {
  for (int layer = 0; layer < log_rows; ++layer) {
    const std::size_t num_nodes = std::size_t{1} << layer;
    const std::size_t run = width << (log_rows - layer - 1);
    for (std::size_t node = 0; node < num_nodes; ++node) {
      SplitTwo(data + 2 * node * run, run, twiddles[num_nodes - 1 + node]);
    }
  }
}

void JoinRows(Fp* data, int log_rows, std::size_t width, const Fp* twiddles) {
  for (int layer = log_rows - 1; layer >= 0; --layer) {
    const std::size_t num_nodes = std::size_t{1} << layer;
    const std::size_t run = width << (log_rows - layer - 1);
    for (std::size_t node = 0; node < num_nodes; ++node) {
      const Constant vc = constant(twiddles[num_nodes - 1 + node]);
      Fp* low = data + 2 * node * run;
      Fp* high = low + run;
      for_vectors(run, [=](std::size_t i, auto io) HWY_ATTR {
        const V a = io.load(low + i), b = io.load(high + i);
        io.store(add(a, b), low + i);
        io.store(mul(vc, sub(a, b)), high + i);
      });
    }
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace zkinfer
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace zkinfer {
namespace {

HWY_EXPORT(SplitRows);
HWY_EXPORT(JoinRows);

}  // namespace

namespace poly {

void split_rows(Fp* data, int log_rows, std::size_t width, const Fp* twiddles) {
  HWY_DYNAMIC_DISPATCH(SplitRows)(data, log_rows, width, twiddles);
}
void join_rows(Fp* data, int log_rows, std::size_t width, const Fp* twiddles) {
  HWY_DYNAMIC_DISPATCH(JoinRows)(data, log_rows, width, twiddles);
}

}  // namespace poly
}  // namespace zkinfer
#endif  // HWY_ONCE
