// SPDX-License-Identifier: Apache-2.0
// NumPy arrays as the library's views, without a copy. python/zkinfer/_data.py has made them dense, row-major and of a known type.
#pragma once

#include <memory>
#include <vector>

#include "native.h"
#include "zkinfer/tensor.h"

namespace zkinfer::python {

// Views of arrays that stay alive with it, in the order given. Made and freed with the GIL, read without.
class Arrays {
 public:
  explicit Arrays(const std::vector<std::vector<py::array>>& rows);

  const std::vector<std::vector<TensorView>>& rows() const { return views_; }

 private:
  std::vector<std::vector<py::array>> arrays_;
  std::vector<std::vector<std::int64_t>> shapes_;
  std::vector<std::vector<TensorView>> views_;
};

// For threads: the last owner may be one that does not hold the GIL.
std::shared_ptr<const Arrays> hold(const std::vector<std::vector<py::array>>& rows);

}  // namespace zkinfer::python
