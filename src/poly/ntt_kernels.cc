// SPDX-License-Identifier: Apache-2.0
#include "poly/ntt_kernels.h"

#include "field/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "poly/ntt_kernels.cc"
#include "hwy/foreach_target.h"
// Highway asks for its header after the loop header.
#include "field/simd-inl.h"
#include "field/simd_dispatch.h"

HWY_BEFORE_NAMESPACE();
namespace zkinfer {
namespace HWY_NAMESPACE {
namespace {

// One node: two runs of values.
HWY_INLINE void SplitTwo(const Fp* low_in, const Fp* high_in, Fp* low_out, Fp* high_out, std::size_t run,
                         const Constant& c) {
  for_vectors(run, [=](std::size_t i, auto io) HWY_ATTR {
    const V low = io.load(low_in + i);
    const V turned = mul(c, io.load(high_in + i));
    io.store(add(low, turned), low_out + i);
    io.store(sub(low, turned), high_out + i);
  });
}

// Layers [first, last) of a contiguous block.
HWY_INLINE void SplitLayers(Fp* data, int first, int last, int log_rows, std::size_t width, const Fp* twiddles) {
  for (int layer = first; layer < last; ++layer) {
    const std::size_t num_nodes = std::size_t{1} << layer;
    const std::size_t run = width << (log_rows - layer - 1);
    for (std::size_t node = 0; node < num_nodes; ++node) {
      Fp* low = data + 2 * node * run;
      SplitTwo(low, low + run, low, low + run, run, constant(twiddles[num_nodes - 1 + node]));
    }
  }
}

void SplitRows(Fp* data, int log_rows, std::size_t width, const Fp* twiddles) {
  SplitLayers(data, 0, log_rows, log_rows, width, twiddles);
}

// The first layer reads the strided rows and the last one writes them: no copies.
void SplitStridedRows(const Fp* from, std::size_t from_stride, Fp* to, std::size_t to_stride, Fp* work, int log_rows,
                      std::size_t width, const Fp* twiddles) {
  const std::size_t half = std::size_t{1} << (log_rows - 1);
  const bool one_layer = log_rows == 1;
  Fp* first_out = one_layer ? to : work;
  const std::size_t first_stride = one_layer ? to_stride : width;
  const Constant root = constant(twiddles[0]);
  for (std::size_t row = 0; row < half; ++row) {
    SplitTwo(from + row * from_stride, from + (row + half) * from_stride, first_out + row * first_stride,
             first_out + (row + half) * first_stride, width, root);
  }
  if (one_layer) return;
  SplitLayers(work, 1, log_rows - 1, log_rows, width, twiddles);
  for (std::size_t node = 0; node < half; ++node) {
    const Fp* low = work + 2 * node * width;
    SplitTwo(low, low + width, to + 2 * node * to_stride, to + (2 * node + 1) * to_stride, width,
             constant(twiddles[half - 1 + node]));
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

ZKI_SIMD_EXPORT(SplitRows);
ZKI_SIMD_EXPORT(SplitStridedRows);
ZKI_SIMD_EXPORT(JoinRows);

}  // namespace

namespace poly {

void split_rows(Fp* data, int log_rows, std::size_t width, const Fp* twiddles) {
  ZKI_SIMD_CALL(SplitRows)(data, log_rows, width, twiddles);
}
void split_rows(const Fp* from, std::size_t from_stride, Fp* to, std::size_t to_stride, Fp* work, int log_rows,
                std::size_t width, const Fp* twiddles) {
  ZKI_SIMD_CALL(SplitStridedRows)(from, from_stride, to, to_stride, work, log_rows, width, twiddles);
}
void join_rows(Fp* data, int log_rows, std::size_t width, const Fp* twiddles) {
  ZKI_SIMD_CALL(JoinRows)(data, log_rows, width, twiddles);
}

}  // namespace poly
}  // namespace zkinfer
#endif  // HWY_ONCE
