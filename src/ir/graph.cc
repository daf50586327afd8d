// SPDX-License-Identifier: Apache-2.0
#include "ir/graph.h"

#include "ir/op_table.h"

namespace zkinfer::ir {

namespace {

std::string free_name(std::unordered_set<std::string>& taken, std::string wanted, std::size_t count) {
  if (!wanted.empty() && taken.insert(wanted).second) return wanted;
  if (wanted.empty()) wanted = "v";
  for (std::size_t suffix = count;; ++suffix) {
    std::string candidate = wanted + "_" + std::to_string(suffix);
    if (taken.insert(candidate).second) return candidate;
  }
}

}  // namespace

ValueId Graph::add_value(std::string value_name, DataType dtype, Shape shape) {
  Value value;
  value.name = free_name(value_names, std::move(value_name), values.size());
  value.dtype = dtype;
  value.shape = std::move(shape);
  values.push_back(std::move(value));
  return static_cast<ValueId>(values.size() - 1);
}

ValueId Graph::add_input(std::string value_name, DataType dtype, Shape shape) {
  inputs.push_back(add_value(std::move(value_name), dtype, std::move(shape)));
  return inputs.back();
}

ValueId Graph::add_constant(std::string value_name, AnyTensor tensor, DataType dtype) {
  const ValueId id = add_value(std::move(value_name), dtype, shape_of(tensor));
  value(id).constant = std::make_shared<const AnyTensor>(std::move(tensor));
  return id;
}

Result<ValueId> Graph::add_node(OpKind op, std::string node_name, std::vector<ValueId> node_inputs,
                                Attributes attributes, std::string origin, std::string output_name) {
  InferenceInputs inference;
  for (const ValueId id : node_inputs) {
    ZKI_CHECK(id >= kNoValue && id < static_cast<ValueId>(values.size()), "node inputs exist");
    inference.values.push_back(id == kNoValue ? nullptr : &value(id));
  }
  Result<TypeAndShape> inferred = infer(op, inference, attributes);
  if (!inferred.ok())
    return inferred.status().with_context("node '" + node_name + "' (" +
                                          (origin.empty() ? std::string(op_name(op)) : origin) + ")");
  Node node;
  node.op = op;
  node.name = free_name(node_names, node_name.empty() ? std::string(op_name(op)) : std::move(node_name), nodes.size());
  node.origin = std::move(origin);
  node.inputs = std::move(node_inputs);
  node.attributes = std::move(attributes);
  node.output =
      add_value(output_name.empty() ? node.name : std::move(output_name), inferred->dtype, std::move(inferred->shape));
  nodes.push_back(std::move(node));
  return nodes.back().output;
}

std::vector<std::int32_t> producers(const Graph& graph) {
  std::vector<std::int32_t> producer(graph.values.size(), -1);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i)
    producer[static_cast<std::size_t>(graph.nodes[i].output)] = static_cast<std::int32_t>(i);
  return producer;
}

std::vector<std::vector<std::size_t>> readers(const Graph& graph) {
  std::vector<std::vector<std::size_t>> found(graph.values.size());
  for (std::size_t i = 0; i < graph.nodes.size(); ++i)
    for (const ValueId input : graph.nodes[i].inputs)
      if (input != kNoValue) found[static_cast<std::size_t>(input)].push_back(i);
  return found;
}

std::vector<std::int32_t> use_counts(const Graph& graph) {
  std::vector<std::int32_t> uses(graph.values.size(), 0);
  for (const Node& node : graph.nodes)
    for (const ValueId input : node.inputs)
      if (input != kNoValue) ++uses[static_cast<std::size_t>(input)];
  for (const ValueId output : graph.outputs) ++uses[static_cast<std::size_t>(output)];
  return uses;
}

void replace_uses(Graph& graph, ValueId from, ValueId to) {
  for (Node& node : graph.nodes)
    for (ValueId& input : node.inputs)
      if (input == from) input = to;
  for (ValueId& output : graph.outputs)
    if (output == from) output = to;
}

void compact(Graph& graph) {
  std::vector<bool> live(graph.values.size(), false);
  for (const ValueId id : graph.inputs) live[static_cast<std::size_t>(id)] = true;
  for (const ValueId id : graph.outputs) live[static_cast<std::size_t>(id)] = true;
  for (std::size_t i = graph.nodes.size(); i-- > 0;) {
    const Node& node = graph.nodes[i];
    if (!live[static_cast<std::size_t>(node.output)]) continue;
    for (const ValueId input : node.inputs)
      if (input != kNoValue) live[static_cast<std::size_t>(input)] = true;
  }
  std::erase_if(graph.nodes, [&](const Node& node) { return !live[static_cast<std::size_t>(node.output)]; });

  std::vector<ValueId> renumbered(graph.values.size(), kNoValue);
  std::vector<Value> kept;
  graph.value_names.clear();
  for (std::size_t i = 0; i < graph.values.size(); ++i) {
    if (!live[i]) continue;
    renumbered[i] = static_cast<ValueId>(kept.size());
    graph.value_names.insert(graph.values[i].name);
    kept.push_back(std::move(graph.values[i]));
  }
  graph.values = std::move(kept);
  const auto renumber = [&](ValueId& id) {
    if (id != kNoValue) id = renumbered[static_cast<std::size_t>(id)];
  };
  graph.node_names.clear();
  for (Node& node : graph.nodes) {
    graph.node_names.insert(node.name);
    for (ValueId& input : node.inputs) renumber(input);
    renumber(node.output);
  }
  for (ValueId& id : graph.inputs) renumber(id);
  for (ValueId& id : graph.outputs) renumber(id);
}

}  // namespace zkinfer::ir
