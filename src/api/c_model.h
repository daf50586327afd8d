// SPDX-License-Identifier: Apache-2.0
// A model's handle and a caller's tensors, for components prove and compile of the C interface.
#pragma once

#include "api/c_support.h"
#include "zkinfer/model.h"
#include "zkinfer/progress.h"
#include "zkinfer/zkinfer.h"

struct zkinfer_model {
  explicit zkinfer_model(zkinfer::Model m) : model(std::move(m)), inputs(model.inputs()), outputs(model.outputs()) {}
  zkinfer::Model model;
  std::vector<zkinfer::TensorInfo> inputs, outputs;  // what zkinfer_model_tensor lends
};

namespace zkinfer::c {

static_assert(static_cast<int>(Dtype::kFloat32) == ZKINFER_FLOAT32);
static_assert(static_cast<int>(Dtype::kFloat64) == ZKINFER_FLOAT64);
static_assert(static_cast<int>(Dtype::kInt8) == ZKINFER_INT8);
static_assert(static_cast<int>(Dtype::kUint8) == ZKINFER_UINT8);
static_assert(static_cast<int>(Dtype::kInt16) == ZKINFER_INT16);
static_assert(static_cast<int>(Dtype::kUint16) == ZKINFER_UINT16);
static_assert(static_cast<int>(Dtype::kInt32) == ZKINFER_INT32);
static_assert(static_cast<int>(Dtype::kUint32) == ZKINFER_UINT32);
static_assert(static_cast<int>(Dtype::kInt64) == ZKINFER_INT64);

inline Result<std::vector<TensorView>> views_of(const char* what, const zkinfer_tensor* tensors, std::size_t count) {
  if (tensors == nullptr && count > 0) return null_pointer(what);
  std::vector<TensorView> views;
  for (std::size_t i = 0; i < count; ++i) {
    const zkinfer_tensor& tensor = tensors[i];
    const std::string where = std::string(what) + "[" + std::to_string(i) + "]";
    if (tensor.shape == nullptr && tensor.rank > 0) return null_pointer((where + ".shape").c_str());
    if (tensor.dtype < ZKINFER_FLOAT32 || tensor.dtype > ZKINFER_INT64)
      return invalid_argument(where + ": unknown dtype");
    const TensorView view{static_cast<Dtype>(tensor.dtype), {tensor.shape, tensor.rank}, tensor.data};
    if (const Status status = check_view(view); !status.ok()) return status.with_context(where);
    views.push_back(view);
  }
  return views;
}

inline Progress progress_of(zkinfer_progress function, void* data) {
  if (function == nullptr) return {};
  return [=](const char* stage, double fraction) { return function(data, stage, fraction) != 0; };
}

}  // namespace zkinfer::c
