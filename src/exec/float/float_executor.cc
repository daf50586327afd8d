// SPDX-License-Identifier: Apache-2.0
#include "exec/float/float_executor.h"

#include <cmath>
#include <optional>

#include "exec/float/kernels.h"
#include "ir/family.h"

namespace zkinfer::exec_float {

namespace {

using Run = Result<AnyTensor> (*)(const Operation&);
constexpr base::OpTable<ir::OpFamily, ir::kNumFamilies, Run> kRun({
    {ir::OpFamily::kContract, run_contract},
    {ir::OpFamily::kElementwise, run_elementwise},
    {ir::OpFamily::kPool, run_pool},
    {ir::OpFamily::kReduce, run_reduce},
    {ir::OpFamily::kMovement, run_movement},
});

FloatTensor as_float(const AnyTensor& tensor) {
  if (const auto* floats = std::get_if<FloatTensor>(&tensor)) return *floats;
  const auto& ints = *std::get_if<IntTensor>(&tensor);
  FloatTensor out(ints.shape());
  for (std::size_t i = 0; i < out.data().size(); ++i) out[i] = static_cast<float>(ints[i]);
  return out;
}

// Live tensors by value; constants are read in place.
struct Memory {
  const ir::Graph& graph;
  std::vector<std::optional<AnyTensor>> computed;
  std::vector<std::int32_t> uses_left;

  const AnyTensor* find(ir::ValueId id) const {
    if (id == ir::kNoValue) return nullptr;
    const ir::Value& value = graph.value(id);
    return value.is_constant() ? value.constant.get() : &*computed[static_cast<std::size_t>(id)];
  }
  void release(ir::ValueId id) {
    if (id != ir::kNoValue && --uses_left[static_cast<std::size_t>(id)] == 0)
      computed[static_cast<std::size_t>(id)].reset();
  }
};

Status load_inputs(const ir::Graph& graph, const TensorMap& inputs, const FloatObserver& observer, Memory& memory) {
  std::string expected;
  for (const ir::ValueId id : graph.inputs)
    expected += " '" + graph.value(id).name + "'" + graph.value(id).shape.to_string();
  if (inputs.size() != graph.inputs.size())
    return invalid_argument("got " + std::to_string(inputs.size()) + " inputs, expected" + expected);
  for (const ir::ValueId id : graph.inputs) {
    const ir::Value& value = graph.value(id);
    const auto found = inputs.find(value.name);
    if (found == inputs.end()) return invalid_argument("input '" + value.name + "' is missing; expected" + expected);
    if (found->second.shape() != value.shape)
      return invalid_argument("input '" + value.name + "' has shape " + found->second.shape().to_string() +
                              ", expected " + value.shape.to_string());
    for (const float v : found->second.data())
      if (!std::isfinite(v))
        return out_of_range("input '" + value.name + "' holds infinity or NaN; only finite numbers have a meaning");
    if (observer) observer(value, found->second);
    AnyTensor tensor = found->second;
    if (value.dtype != ir::DataType::kFloat) {
      IntTensor ints(value.shape);
      for (std::size_t i = 0; i < ints.data().size(); ++i) {
        const float v = found->second[i];
        if (!(v > -9.2e18F && v < 9.2e18F)) return out_of_range("input '" + value.name + "' holds no integer");
        ints[i] = static_cast<std::int64_t>(v);
      }
      tensor = std::move(ints);
    }
    memory.computed[static_cast<std::size_t>(id)] = std::move(tensor);
  }
  return ok_status();
}

}  // namespace

Result<AnyTensor> evaluate(const ir::Node& node, const std::vector<const AnyTensor*>& inputs, ir::DataType output_dtype,
                           const Shape& output_shape) {
  ZKI_ASSIGN_OR_RETURN(AnyTensor result,
                       kRun[ir::family_of(node.op)](Operation{node, inputs, output_dtype, output_shape}));
  ZKI_CHECK(shape_of(result) == output_shape, "kernels agree with shape inference");
  return result;
}

Result<TensorMap> run_float(const ir::Graph& graph, const TensorMap& inputs, const FloatObserver& observer) {
  Memory memory{graph, std::vector<std::optional<AnyTensor>>(graph.values.size()), ir::use_counts(graph)};
  ZKI_RETURN_IF_ERROR(load_inputs(graph, inputs, observer, memory));
  for (const ir::Node& node : graph.nodes) {
    std::vector<const AnyTensor*> operands;
    for (const ir::ValueId id : node.inputs) operands.push_back(memory.find(id));
    const ir::Value& output = graph.output_of(node);
    Result<AnyTensor> result = evaluate(node, operands, output.dtype, output.shape);
    if (!result.ok()) return result.status().with_context("node '" + node.name + "'");
    if (observer) {
      if (const auto* floats = std::get_if<FloatTensor>(&*result))
        observer(output, *floats);
      else
        observer(output, as_float(*result));
    }
    memory.computed[static_cast<std::size_t>(node.output)] = std::move(*result);
    if (memory.uses_left[static_cast<std::size_t>(node.output)] == 0)
      memory.computed[static_cast<std::size_t>(node.output)].reset();
    for (const ir::ValueId id : node.inputs) memory.release(id);
  }
  TensorMap outputs;
  for (const ir::ValueId id : graph.outputs) outputs[graph.value(id).name] = as_float(*memory.find(id));
  return outputs;
}

}  // namespace zkinfer::exec_float
