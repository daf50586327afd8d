// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/tensor.h"

#include "tensor/shape.h"

namespace zkinfer {

std::size_t dtype_size(Dtype dtype) {
  return with_dtype(dtype, [](auto zero) { return sizeof(zero); });
}

std::string_view dtype_name(Dtype dtype) {
  switch (dtype) {
    case Dtype::kFloat32: return "float32";
    case Dtype::kFloat64: return "float64";
    case Dtype::kInt8: return "int8";
    case Dtype::kUint8: return "uint8";
    case Dtype::kInt16: return "int16";
    case Dtype::kUint16: return "uint16";
    case Dtype::kInt32: return "int32";
    case Dtype::kUint32: return "uint32";
    case Dtype::kInt64: return "int64";
  }
  return "unknown";
}

std::uint64_t TensorView::num_elements() const {
  std::uint64_t count = 1;
  for (const std::int64_t n : shape) count *= static_cast<std::uint64_t>(n);
  return count;
}

Status check_view(const TensorView& tensor) {
  if (dtype_name(tensor.dtype) == "unknown") return invalid_argument("unknown dtype");
  ZKI_RETURN_IF_ERROR(Shape::make(Dims(tensor.shape.begin(), tensor.shape.end())).status());
  if (tensor.data == nullptr && tensor.num_elements() > 0) return invalid_argument("no data");
  return ok_status();
}

Tensor::Tensor(Dtype dtype, std::vector<std::int64_t> shape) : dtype_(dtype), shape_(std::move(shape)) {
  const Result<Shape> checked = Shape::make(shape_);
  if (!checked.ok()) detail::wrong_use("a tensor's shape is too large, or has a negative dimension");
  bytes_.resize(static_cast<std::size_t>(checked->num_elements()) * dtype_size(dtype));
}

}  // namespace zkinfer
