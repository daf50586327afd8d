// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "ir/ops/families.h"

namespace zkinfer::ir {

namespace {

Result<TypeAndShape> infer_pool(const InferenceInputs& inputs, const Attributes& attributes) {
  const auto& pool = attributes_as<PoolAttributes>(attributes);
  ZKI_RETURN_IF_ERROR(require_float(inputs));
  const Shape& x = inputs.shape(0);
  if (x.rank() != 3 && x.rank() != 4)
    return invalid_argument("input of shape " + x.to_string() + ": pools take rank 3 [N, C, L] or 4 [N, C, H, W]");
  const std::size_t spatial = x.rank() - 2;
  for (const Dims* list : {&pool.kernel, &pool.strides, &pool.dilations, &pool.pads_begin, &pool.pads_end})
    if (list->size() != spatial)
      return invalid_argument("attribute " + dims_to_string(*list) + " needs " + std::to_string(spatial) + " entries");
  Dims dims{x[0], x[1]};
  for (std::size_t i = 0; i < spatial; ++i) {
    ZKI_ASSIGN_OR_RETURN(const std::int64_t length,
                         window_output({x[i + 2], pool.kernel[i], pool.strides[i], pool.dilations[i],
                                        pool.pads_begin[i], pool.pads_end[i]}));
    // Every window must see the input: a window of padding only has no maximum and no mean.
    const std::int64_t reach = pool.dilations[i] * (pool.kernel[i] - 1);
    const std::int64_t last_start = (length - 1) * pool.strides[i] - pool.pads_begin[i];
    if (pool.pads_begin[i] > reach || last_start >= x[i + 2])
      return invalid_argument("a window lies in the padding only (kernel " + dims_to_string(pool.kernel) + ", pads " +
                              dims_to_string(pool.pads_begin) + " and " + dims_to_string(pool.pads_end) + ")");
    dims.push_back(length);
  }
  ZKI_ASSIGN_OR_RETURN(Shape shape, Shape::make(std::move(dims)));
  return TypeAndShape{DataType::kFloat, std::move(shape)};
}

Result<TypeAndShape> infer_average_pool(const InferenceInputs& inputs, const Attributes& attributes) {
  for (const std::int64_t dilation : attributes_as<PoolAttributes>(attributes).dilations)
    if (dilation != 1) return invalid_argument("dilated average pool");
  return infer_pool(inputs, attributes);
}

Result<TypeAndShape> infer_global_pool(const InferenceInputs& inputs, const Attributes&) {
  ZKI_RETURN_IF_ERROR(require_float(inputs));
  const Shape& x = inputs.shape(0);
  if (x.rank() < 3) return invalid_argument("input of shape " + x.to_string() + ", expected [N, C, spatial axes]");
  Dims dims(x.rank(), 1);
  dims[0] = x[0];
  dims[1] = x[1];
  return TypeAndShape{DataType::kFloat, Shape(std::move(dims))};
}

constexpr auto kOps = std::to_array<OpSchema>({
    {OpKind::kMaxPool, "MaxPool", OpLevel::kCore, 1, 1, attribute_index<PoolAttributes>(), infer_pool,
     "maximum over sliding windows"},
    {OpKind::kAveragePool, "AveragePool", OpLevel::kCore, 1, 1, attribute_index<PoolAttributes>(), infer_average_pool,
     "mean over sliding windows"},
    {OpKind::kGlobalAveragePool, "GlobalAveragePool", OpLevel::kRewritten, 1, 1, attribute_index<NoAttributes>(),
     infer_global_pool, "mean over all spatial axes"},
    {OpKind::kGlobalMaxPool, "GlobalMaxPool", OpLevel::kRewritten, 1, 1, attribute_index<NoAttributes>(),
     infer_global_pool, "maximum over all spatial axes"},
});
static_assert(rows_of_family(kOps, OpFamily::kPool), "a row for every operator of the family (ir/family.h)");

}  // namespace

std::span<const OpSchema> pool_ops() { return kOps; }

}  // namespace zkinfer::ir
