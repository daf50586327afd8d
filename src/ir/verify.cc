// SPDX-License-Identifier: Apache-2.0
#include "ir/graph.h"
#include "ir/op_table.h"

namespace zkinfer::ir {

namespace {

Status broken(const std::string& what) { return internal_error("graph: " + what); }

Status verify_values(const Graph& graph) {
  std::unordered_set<std::string> names;
  for (const Value& value : graph.values) {
    if (value.name.empty()) return broken("a value has no name");
    if (!names.insert(value.name).second) return broken("two values are named '" + value.name + "'");
    if (!value.is_constant()) continue;
    if (shape_of(*value.constant) != value.shape)
      return broken("constant '" + value.name + "' has shape " + shape_of(*value.constant).to_string() + ", recorded " +
                    value.shape.to_string());
    if ((value.dtype == DataType::kFloat) != (value.floats() != nullptr))
      return broken("constant '" + value.name + "' holds another type than recorded");
  }
  return ok_status();
}

Status verify_node(const Graph& graph, const Node& node, const std::vector<bool>& defined) {
  const std::string where = "node '" + node.name + "' (" + std::string(op_name(node.op)) + ")";
  InferenceInputs inputs;
  for (const ValueId id : node.inputs) {
    if (id == kNoValue) {
      inputs.values.push_back(nullptr);
      continue;
    }
    if (id < 0 || static_cast<std::size_t>(id) >= graph.values.size()) return broken(where + " reads no value");
    if (!defined[static_cast<std::size_t>(id)])
      return broken(where + " reads '" + graph.value(id).name + "' before it is computed");
    inputs.values.push_back(&graph.value(id));
  }
  Result<TypeAndShape> inferred = infer(node.op, inputs, node.attributes);
  if (!inferred.ok()) return broken(where + ": " + inferred.status().message());
  if (node.output < 0 || static_cast<std::size_t>(node.output) >= graph.values.size())
    return broken(where + " writes no value");
  const Value& output = graph.output_of(node);
  if (output.shape != inferred->shape || output.dtype != inferred->dtype)
    return broken(where + ": output recorded as " + output.shape.to_string() + ", inferred " +
                  inferred->shape.to_string());
  return ok_status();
}

}  // namespace

Status verify(const Graph& graph) {
  ZKI_RETURN_IF_ERROR(verify_values(graph));
  std::vector<bool> defined(graph.values.size(), false);
  for (std::size_t i = 0; i < graph.values.size(); ++i) defined[i] = graph.values[i].is_constant();
  for (const ValueId id : graph.inputs) {
    if (id < 0 || static_cast<std::size_t>(id) >= graph.values.size()) return broken("an input is no value");
    if (defined[static_cast<std::size_t>(id)])
      return broken("input '" + graph.value(id).name + "' is listed twice or is a constant");
    defined[static_cast<std::size_t>(id)] = true;
  }
  std::unordered_set<std::string> names;
  for (const Node& node : graph.nodes) {
    if (node.name.empty() || !names.insert(node.name).second)
      return broken("two nodes are named '" + node.name + "' or one has no name");
    ZKI_RETURN_IF_ERROR(verify_node(graph, node, defined));
    if (defined[static_cast<std::size_t>(node.output)])
      return broken("value '" + graph.output_of(node).name + "' is produced twice");
    defined[static_cast<std::size_t>(node.output)] = true;
  }
  for (const ValueId id : graph.outputs)
    if (id < 0 || static_cast<std::size_t>(id) >= graph.values.size() || !defined[static_cast<std::size_t>(id)])
      return broken("an output is never computed");
  return ok_status();
}

}  // namespace zkinfer::ir
