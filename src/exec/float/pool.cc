// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include "base/parallel.h"
#include "exec/float/kernels.h"

namespace zkinfer::exec_float {

namespace {

using std::int64_t;
using std::size_t;

size_t index(int64_t x) { return static_cast<size_t>(x); }

// A pool with one spatial axis is a pool of height 1.
struct PoolShape {
  int64_t height, width, out_height, out_width;
  int64_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
};

PoolShape pool_shape(const Shape& x, const Shape& y, const ir::PoolAttributes& pool) {
  const bool two = x.rank() == 4;
  const auto first = [&](const Dims& dims, int64_t missing) { return two ? dims[0] : missing; };
  return {two ? x[2] : 1,         x[x.rank() - 1],           two ? y[2] : 1,
          y[y.rank() - 1],        first(pool.kernel, 1),     pool.kernel.back(),
          first(pool.strides, 1), pool.strides.back(),       first(pool.dilations, 1),
          pool.dilations.back(),  first(pool.pads_begin, 0), pool.pads_begin.back()};
}

void pool_plane(const PoolShape& s, bool maximum, bool count_pads, const float* x, float* y) {
  for (int64_t oh = 0; oh < s.out_height; ++oh)
    for (int64_t ow = 0; ow < s.out_width; ++ow) {
      float best = -std::numeric_limits<float>::infinity();
      double sum = 0;
      int64_t count = 0;
      for (int64_t kh = 0; kh < s.kernel_h; ++kh) {
        const int64_t row = oh * s.stride_h + kh * s.dilation_h - s.pad_top;
        if (row < 0 || row >= s.height) continue;
        for (int64_t kw = 0; kw < s.kernel_w; ++kw) {
          const int64_t column = ow * s.stride_w + kw * s.dilation_w - s.pad_left;
          if (column < 0 || column >= s.width) continue;
          const float v = x[index(row * s.width + column)];
          best = std::max(best, v);
          sum += static_cast<double>(v);
          ++count;
        }
      }
      const int64_t divisor = count_pads ? s.kernel_h * s.kernel_w : count;
      y[index(oh * s.out_width + ow)] = maximum ? best : static_cast<float>(sum / static_cast<double>(divisor));
    }
}

}  // namespace

Result<AnyTensor> run_pool(const Operation& op) {
  const FloatTensor& x = op.floats(0);
  FloatTensor y(op.output_shape);
  const bool maximum = op.node.op == ir::OpKind::kMaxPool || op.node.op == ir::OpKind::kGlobalMaxPool;
  PoolShape s{};
  bool count_pads = false;
  if (op.node.op == ir::OpKind::kGlobalAveragePool || op.node.op == ir::OpKind::kGlobalMaxPool) {
    const int64_t pixels = x.shape().num_elements(2, x.shape().rank());
    if (pixels == 0) return invalid_argument("global pool over an empty axis");
    s = {1, pixels, 1, 1, 1, pixels, 1, 1, 1, 1, 0, 0};
  } else {
    const auto& pool = op.node.as<ir::PoolAttributes>();
    s = pool_shape(x.shape(), y.shape(), pool);
    count_pads = pool.count_include_pad;
  }
  const size_t planes = index(x.shape()[0] * x.shape()[1]);
  parallel_for(planes, 8, [&](size_t begin, size_t end) {
    for (size_t plane = begin; plane < end; ++plane)
      pool_plane(s, maximum, count_pads, x.data().data() + plane * index(s.height * s.width),
                 y.data().data() + plane * index(s.out_height * s.out_width));
  });
  return AnyTensor(std::move(y));
}

}  // namespace zkinfer::exec_float
