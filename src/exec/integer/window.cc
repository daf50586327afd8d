// SPDX-License-Identifier: Apache-2.0
#include "exec/integer/window.h"

namespace zkinfer::exec_integer {

WindowReader::WindowReader(const qir::Node& node, const Shape& in, const Shape& out)
    : kernel_(node.kernel), strides_(node.strides), dilations_(node.dilations), pads_(node.pads_begin) {
  for (std::size_t i = 0; i < kernel_.size(); ++i) {
    in_.push_back(in[i + 2]);
    out_.push_back(out[i + 2]);
    in_plane_ *= static_cast<std::size_t>(in[i + 2]);
    out_plane_ *= static_cast<std::size_t>(out[i + 2]);
    cells_ *= static_cast<std::size_t>(kernel_[i]);
  }
}

void WindowReader::offsets(std::size_t index, std::vector<std::int64_t>& offsets) const {
  offsets.assign(cells_, 0);
  // The innermost axis changes fastest in both the window index and the cell index.
  std::size_t repeat = 1;
  std::int64_t plane_stride = 1;
  for (std::size_t axis = kernel_.size(); axis-- > 0;) {
    const std::int64_t position = static_cast<std::int64_t>(index) % out_[axis];
    index /= static_cast<std::size_t>(out_[axis]);
    const std::int64_t start = position * strides_[axis] - pads_[axis];
    const std::size_t kernel = static_cast<std::size_t>(kernel_[axis]);
    for (std::size_t cell = 0; cell < cells_; ++cell) {
      const std::int64_t x = start + static_cast<std::int64_t>(cell / repeat % kernel) * dilations_[axis];
      if (x < 0 || x >= in_[axis]) offsets[cell] = -1;
      if (offsets[cell] >= 0) offsets[cell] += x * plane_stride;
    }
    repeat *= kernel;
    plane_stride *= in_[axis];
  }
}

}  // namespace zkinfer::exec_integer
