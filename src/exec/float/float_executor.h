// SPDX-License-Identifier: Apache-2.0
// The float32 reference: runs any Graph on host tensors, for tests, calibration and constant folding.
// Errors: invalid_argument (an input missing, unknown or of the wrong shape), out_of_range (an input that is not
// finite, integer arithmetic that leaves int64, an index outside its axis), unsupported (an operator applied to a type it does not take).
// Cost: convolution and matrix product are blocked and run on all cores; everything else is a plain loop.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "tensor/tensor.h"
#include "zkinfer/status.h"

namespace zkinfer::exec_float {

// Called once for every graph input, in order, and then for every node output in execution order, just after it was
// computed. Integer outputs (ArgMax) arrive converted to float.
using FloatObserver = std::function<void(const ir::Value& value, const FloatTensor& tensor)>;

// inputs: one tensor per graph input, by value name. Returns one tensor per graph output, by value name. Memory: a
// value is freed after its last use.
Result<TensorMap> run_float(const ir::Graph& graph, const TensorMap& inputs, const FloatObserver& observer = {});

// One operator on host tensors; null marks a missing optional input. `output` is what ir::infer said.
Result<AnyTensor> evaluate(const ir::Node& node, const std::vector<const AnyTensor*>& inputs, ir::DataType output_dtype,
                           const Shape& output_shape);

}  // namespace zkinfer::exec_float
