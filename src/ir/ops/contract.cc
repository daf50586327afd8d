// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "ir/ops/families.h"

namespace zkinfer::ir {

namespace {

Result<TypeAndShape> infer_conv(const InferenceInputs& inputs, const Attributes& attributes) {
  const auto& conv = attributes_as<ConvAttributes>(attributes);
  ZKI_RETURN_IF_ERROR(require_float(inputs));
  const Shape& x = inputs.shape(0);
  const Shape& w = inputs.shape(1);
  if (x.rank() != 3 && x.rank() != 4)
    return invalid_argument("input of shape " + x.to_string() +
                            ": convolutions take rank 3 [N, C, L] or 4 [N, C, H, W]");
  const std::size_t spatial = x.rank() - 2;
  if (w.rank() != x.rank())
    return invalid_argument("weight of shape " + w.to_string() + " for an input of shape " + x.to_string());
  for (const Dims* list : {&conv.strides, &conv.dilations, &conv.pads_begin, &conv.pads_end})
    if (list->size() != spatial)
      return invalid_argument("attribute " + dims_to_string(*list) + " needs " + std::to_string(spatial) + " entries");
  if (conv.groups < 1 || x[1] % conv.groups != 0 || w[0] % conv.groups != 0 || w[1] != x[1] / conv.groups)
    return invalid_argument("weight " + w.to_string() + " with group " + std::to_string(conv.groups) +
                            " does not fit an input of shape " + x.to_string());
  if (inputs.has(2) && inputs.shape(2) != Shape{w[0]})
    return invalid_argument("bias of shape " + inputs.shape(2).to_string() + ", expected [" + std::to_string(w[0]) +
                            "]");
  Dims dims{x[0], w[0]};
  for (std::size_t i = 0; i < spatial; ++i) {
    ZKI_ASSIGN_OR_RETURN(
        const std::int64_t length,
        window_output({x[i + 2], w[i + 2], conv.strides[i], conv.dilations[i], conv.pads_begin[i], conv.pads_end[i]}));
    dims.push_back(length);
  }
  ZKI_ASSIGN_OR_RETURN(Shape shape, Shape::make(std::move(dims)));
  return TypeAndShape{DataType::kFloat, std::move(shape)};
}

Result<TypeAndShape> infer_matmul(const InferenceInputs& inputs, const Attributes&) {
  for (std::size_t i = 1; i < inputs.values.size(); ++i)
    if (inputs.has(i) && inputs.dtype(i) != inputs.dtype(0)) return invalid_argument("operands of different types");
  const Shape& a = inputs.shape(0);
  const Shape& b = inputs.shape(1);
  if (a.rank() < 2 || b.rank() < 2)
    return invalid_argument("operands " + a.to_string() + " and " + b.to_string() + ": rank 2 or more is needed");
  if (a[a.rank() - 1] != b[b.rank() - 2])
    return invalid_argument("inner dimensions of " + a.to_string() + " and " + b.to_string() + " differ");
  const auto batch = [](const Shape& s) { return Shape(Dims(s.dims().begin(), s.dims().end() - 2)); };
  ZKI_ASSIGN_OR_RETURN(const Shape batch_shape, broadcast_shapes(batch(a), batch(b)));
  Dims dims = batch_shape.dims();
  dims.push_back(a[a.rank() - 2]);
  dims.push_back(b[b.rank() - 1]);
  if (inputs.has(2) && inputs.shape(2) != Shape{dims.back()})
    return invalid_argument("bias of shape " + inputs.shape(2).to_string() + ", expected [" +
                            std::to_string(dims.back()) + "]");
  ZKI_ASSIGN_OR_RETURN(Shape shape, Shape::make(std::move(dims)));
  return TypeAndShape{inputs.dtype(0), std::move(shape)};
}

Result<TypeAndShape> infer_gemm(const InferenceInputs& inputs, const Attributes& attributes) {
  const auto& gemm = attributes_as<GemmAttributes>(attributes);
  ZKI_RETURN_IF_ERROR(require_float(inputs));
  const Shape& a = inputs.shape(0);
  const Shape& b = inputs.shape(1);
  if (a.rank() != 2 || b.rank() != 2)
    return invalid_argument("operands " + a.to_string() + " and " + b.to_string() + ": Gemm takes matrices");
  const std::int64_t inner_a = gemm.transpose_a ? a[0] : a[1];
  const std::int64_t inner_b = gemm.transpose_b ? b[1] : b[0];
  if (inner_a != inner_b)
    return invalid_argument("inner dimensions of " + a.to_string() + " and " + b.to_string() + " differ");
  ZKI_ASSIGN_OR_RETURN(Shape shape, Shape::make({gemm.transpose_a ? a[1] : a[0], gemm.transpose_b ? b[0] : b[1]}));
  if (inputs.has(2)) {
    ZKI_ASSIGN_OR_RETURN(const Shape sum, broadcast_shapes(inputs.shape(2), shape));
    if (sum != shape)
      return invalid_argument("input C of shape " + inputs.shape(2).to_string() + " does not broadcast to " +
                              shape.to_string());
  }
  return TypeAndShape{DataType::kFloat, std::move(shape)};
}

constexpr auto kOps = std::to_array<OpSchema>({
    {OpKind::kConv, "Conv", OpLevel::kCore, 2, 3, attribute_index<ConvAttributes>(), infer_conv,
     "grouped, dilated convolution with optional bias"},
    {OpKind::kMatMul, "MatMul", OpLevel::kCore, 2, 3, attribute_index<NoAttributes>(), infer_matmul,
     "batched matrix product with optional bias along the last axis"},
    {OpKind::kGemm, "Gemm", OpLevel::kRewritten, 2, 3, attribute_index<GemmAttributes>(), infer_gemm,
     "alpha * op(a) * op(b) + beta * c"},
});
static_assert(rows_of_family(kOps, OpFamily::kContract), "a row for every operator of the family (ir/family.h)");

}  // namespace

Result<std::int64_t> window_output(const WindowAxis& axis) {
  // Bounds far above any real model keep every product below 2^63.
  constexpr std::int64_t kMaxAttribute = 1 << 24;
  if (axis.kernel < 1 || axis.stride < 1 || axis.dilation < 1 || axis.pad_begin < 0 || axis.pad_end < 0 ||
      axis.kernel > kMaxAttribute || axis.stride > kMaxAttribute || axis.dilation > kMaxAttribute ||
      axis.pad_begin > kMaxAttribute || axis.pad_end > kMaxAttribute)
    return invalid_argument("kernel " + std::to_string(axis.kernel) + ", stride " + std::to_string(axis.stride) +
                            ", dilation " + std::to_string(axis.dilation) + ", pads " + std::to_string(axis.pad_begin) +
                            " and " + std::to_string(axis.pad_end) + ": expected 1..2^24 (pads 0..2^24)");
  const std::int64_t free = axis.input + axis.pad_begin + axis.pad_end - axis.dilation * (axis.kernel - 1) - 1;
  if (axis.input < 1 || free < 0)
    return invalid_argument("a window of " + std::to_string(axis.kernel) + " positions (dilation " +
                            std::to_string(axis.dilation) + ") does not fit an axis of length " +
                            std::to_string(axis.input) + " with pads " + std::to_string(axis.pad_begin) + " and " +
                            std::to_string(axis.pad_end));
  return free / axis.stride + 1;
}

Status require_float(const InferenceInputs& inputs) {
  for (std::size_t i = 0; i < inputs.values.size(); ++i)
    if (inputs.has(i) && inputs.dtype(i) != DataType::kFloat)
      return invalid_argument("input " + std::to_string(i) + " is not a float tensor");
  return ok_status();
}

std::span<const OpSchema> contract_ops() { return kOps; }

}  // namespace zkinfer::ir
