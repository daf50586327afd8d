// SPDX-License-Identifier: Apache-2.0
// Sliding windows over the spatial axes of x [N, C, spatial..], any number of axes: which cells of one channel's plane
// a window reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "qir/qgraph.h"

namespace zkinfer::exec_integer {

class WindowReader {
 public:
  WindowReader(const qir::Node& node, const Shape& in, const Shape& out);
  std::size_t in_plane() const { return in_plane_; }    // cells of one input channel
  std::size_t out_plane() const { return out_plane_; }  // windows of one channel
  std::size_t cells() const { return cells_; }          // product of the kernel
  // offsets[j] = offset in the plane of kernel cell j (row-major) of window `index`, -1 for a padding cell.
  void offsets(std::size_t index, std::vector<std::int64_t>& offsets) const;

 private:
  Dims in_, out_, kernel_, strides_, dilations_, pads_;
  std::size_t in_plane_ = 1;
  std::size_t out_plane_ = 1;
  std::size_t cells_ = 1;
};

}  // namespace zkinfer::exec_integer
