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
  const V vc = set(c);
  Fp* high = data + run;
  for_vectors(run, [=](std::size_t i, auto io) HWY_ATTR {
    const V low = io.load(data + i);
    const V turned = mul(vc, io.load(high + i));
    io.store(add(low, turned), data + i);
    io.store(sub(low, turned), high + i);
  });
}

// A node and its two children: four runs of values.
HWY_INLINE void SplitFour(Fp* data, std::size_t run, Fp c, Fp c_low, Fp c_high) {
  const V vc = set(c), v_low = set(c_low), v_high = set(c_high);
  for_vectors(run, [=](std::size_t i, auto io) HWY_ATTR {
    Fp* x = data + i;
    const V x0 = io.load(x), x1 = io.load(x + run);
    const V t2 = mul(vc, io.load(x + 2 * run));
    const V t3 = mul(vc, io.load(x + 3 * run));
    const V u1 = mul(v_low, add(x1, t3));
    const V u3 = mul(v_high, sub(x1, t3));
    const V y0 = add(x0, t2), y2 = sub(x0, t2);
    io.store(add(y0, u1), x);
    io.store(sub(y0, u1), x + run);
    io.store(add(y2, u3), x + 2 * run);
    io.store(sub(y2, u3), x + 3 * run);
  });
}

void SplitRows(Fp* data, int log_rows, std::size_t width, const Fp* twiddles) {
  int layer = 0;
  if (log_rows % 2 == 1) {
    SplitTwo(data, width << (log_rows - 1), twiddles[0]);
    layer = 1;
  }
  for (; layer < log_rows; layer += 2) {
    const std::size_t num_nodes = std::size_t{1} << layer;
    const std::size_t run = width << (log_rows - layer - 2);
    for (std::size_t node = 0; node < num_nodes; ++node) {
      const Fp* children = twiddles + 2 * num_nodes - 1 + 2 * node;
      SplitFour(data + 4 * node * run, run, twiddles[num_nodes - 1 + node], children[0], children[1]);
    }
  }
}

void JoinRows(Fp* data, int log_rows, std::size_t width, const Fp* twiddles) {
  for (int layer = log_rows - 1; layer >= 0; --layer) {
    const std::size_t num_nodes = std::size_t{1} << layer;
    const std::size_t run = width << (log_rows - layer - 1);
    for (std::size_t node = 0; node < num_nodes; ++node) {
      const V vc = set(twiddles[num_nodes - 1 + node]);
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
