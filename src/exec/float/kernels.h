// SPDX-License-Identifier: Apache-2.0
// One function per operator family; each returns the output of `output_shape`, which ir::infer computed from the
// same inputs, so shapes and attributes are consistent on entry.
#pragma once

#include <vector>

#include "base/check.h"
#include "ir/op_table.h"
#include "tensor/odometer.h"
#include "tensor/tensor.h"
#include "zkinfer/status.h"

namespace zkinfer::exec_float {

struct Operation {
  const ir::Node& node;
  std::vector<const AnyTensor*> inputs;  // null: optional input missing
  ir::DataType output_dtype;
  const Shape& output_shape;

  bool has(std::size_t i) const { return i < inputs.size() && inputs[i] != nullptr; }
  const FloatTensor& floats(std::size_t i) const {
    const auto* tensor = std::get_if<FloatTensor>(inputs[i]);
    ZKI_CHECK(tensor != nullptr, "shape inference checked for a float input");
    return *tensor;
  }
  const IntTensor& ints(std::size_t i) const {
    const auto* tensor = std::get_if<IntTensor>(inputs[i]);
    ZKI_CHECK(tensor != nullptr, "shape inference checked for an integer input");
    return *tensor;
  }
  bool is_float(std::size_t i) const { return std::holds_alternative<FloatTensor>(*inputs[i]); }
};

Result<AnyTensor> run_contract(const Operation& op);
Result<AnyTensor> run_elementwise(const Operation& op);
Result<AnyTensor> run_pool(const Operation& op);
Result<AnyTensor> run_reduce(const Operation& op);
Result<AnyTensor> run_movement(const Operation& op);

// c[m, n] += a[m, k] * b[k, n], all row-major and dense.
void gemm_accumulate(const float* a, const float* b, float* c, std::size_t m, std::size_t n, std::size_t k);

}  // namespace zkinfer::exec_float
