// SPDX-License-Identifier: Apache-2.0
// Conv as a product of the weights [O/g, K] with the windows of x laid out as rows [positions, K].
#include <algorithm>
#include <vector>

#include "base/parallel.h"
#include "exec/integer/dot.h"
#include "exec/integer/operand.h"
#include "exec/integer/window.h"

namespace zkinfer::exec_integer {

namespace {

// Window rows held at a time: bounds the memory of large images.
constexpr std::size_t kMaxPatchElements = std::size_t{1} << 22;

template <class T>
void conv_as(const OpContext& op) {
  const Operand& x = op.inputs[0];
  const Operand& w = op.inputs[1];
  const WindowReader windows(*op.node, x.shape(), *op.out_shape);
  const std::size_t groups = static_cast<std::size_t>(op.node->groups);
  const std::size_t batch = static_cast<std::size_t>(x.shape()[0]);
  const std::size_t channels = static_cast<std::size_t>(x.shape()[1]) / groups;
  const std::size_t outputs = static_cast<std::size_t>(w.shape()[0]) / groups;
  const std::size_t depth = channels * windows.cells();
  const std::size_t positions = windows.out_plane();
  const std::size_t slab = std::min(positions, std::max<std::size_t>(64, kMaxPatchElements / depth));

  std::vector<T> weights(static_cast<std::size_t>(w.shape().num_elements()));
  parallel_for(weights.size(), std::size_t{1} << 18, [&](std::size_t begin, std::size_t end) {
    w.copy<T>(begin, std::span<T>(weights).subspan(begin, end - begin));
  });
  std::vector<T> planes(channels * windows.in_plane());
  std::vector<T> patches(slab * depth);
  for (std::size_t image_group = 0; image_group < batch * groups; ++image_group) {
    const std::size_t group = image_group % groups;
    x.copy<T>(image_group * planes.size(), planes);
    for (std::size_t first = 0; first < positions; first += slab) {
      const std::size_t count = std::min(slab, positions - first);
      parallel_for(count, 64, [&](std::size_t begin, std::size_t end) {
        std::vector<std::int64_t> offsets;
        for (std::size_t p = begin; p < end; ++p) {
          windows.offsets(first + p, offsets);
          T* patch = patches.data() + p * depth;
          for (std::size_t c = 0; c < channels; ++c) {
            const T* plane = planes.data() + c * windows.in_plane();
            for (const std::int64_t offset : offsets) *patch++ = offset < 0 ? T{0} : plane[offset];
          }
        }
      });
      DotJob<T> job;
      job.left = weights.data() + group * outputs * depth;
      job.right = patches.data();
      job.num_rows = outputs;
      job.num_cols = count;
      job.depth = depth;
      job.max_run = max_run_of(x.lo(), x.hi(), w.lo(), w.hi());
      job.out = op.out.data() + image_group * outputs * positions + first;
      job.row_stride = positions;
      job.col_stride = 1;
      dot_all(job);
    }
  }
}

void add_bias(const OpContext& op) {
  const Operand& bias = op.inputs[2];
  const std::size_t outputs = static_cast<std::size_t>(op.inputs[1].shape()[0]);
  const std::size_t positions = op.out.size() / outputs / static_cast<std::size_t>(op.inputs[0].shape()[0]);
  for (std::size_t i = 0; i < op.out.size(); ++i) op.out[i] += bias[i / positions % outputs];
}

}  // namespace

void run_conv(const OpContext& op) {
  switch (dot_width(op.inputs[0].lo(), op.inputs[0].hi(), op.inputs[1].lo(), op.inputs[1].hi())) {
    case Width::k16: conv_as<std::int16_t>(op); break;
    case Width::k32: conv_as<std::int32_t>(op); break;
    case Width::k64: conv_as<std::int64_t>(op); break;
  }
  if (op.inputs.size() == 3) add_bias(op);
}

}  // namespace zkinfer::exec_integer
