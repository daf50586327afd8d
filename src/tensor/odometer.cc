// SPDX-License-Identifier: Apache-2.0
#include "tensor/odometer.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace zkinfer {

Dims row_major_strides(const Shape& shape) {
  Dims strides(shape.rank(), 1);
  for (std::size_t axis = shape.rank(); axis-- > 1;) strides[axis - 1] = strides[axis] * shape[axis];
  return strides;
}

Dims broadcast_strides(const Shape& from, const Shape& to) {
  ZKI_CHECK(from.rank() <= to.rank(), "broadcasting never lowers the rank");
  const Dims own = row_major_strides(from);
  const std::size_t lead = to.rank() - from.rank();
  Dims strides(to.rank(), 0);
  for (std::size_t axis = 0; axis < from.rank(); ++axis)
    if (from[axis] != 1) strides[lead + axis] = own[axis];
  return strides;
}

Odometer::Odometer(const Shape& shape, std::vector<Dims> strides)
    : dims_(shape.dims()), strides_(std::move(strides)), index_(shape.rank(), 0), offsets_(strides_.size(), 0) {
  for (const Dims& operand : strides_) ZKI_CHECK_EQ(operand.size(), dims_.size(), "one stride per axis");
}

void Odometer::next() {
  for (std::size_t axis = dims_.size(); axis-- > 0;) {
    if (++index_[axis] < dims_[axis]) {
      for (std::size_t i = 0; i < offsets_.size(); ++i) offsets_[i] += strides_[i][axis];
      return;
    }
    for (std::size_t i = 0; i < offsets_.size(); ++i) offsets_[i] -= strides_[i][axis] * (dims_[axis] - 1);
    index_[axis] = 0;
  }
}

void Odometer::seek(std::int64_t position) {
  std::ranges::fill(offsets_, 0);
  for (std::size_t axis = dims_.size(); axis-- > 0;) {
    index_[axis] = position % dims_[axis];
    position /= dims_[axis];
    for (std::size_t i = 0; i < offsets_.size(); ++i) offsets_[i] += strides_[i][axis] * index_[axis];
  }
}

}  // namespace zkinfer
