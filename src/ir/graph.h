// SPDX-License-Identifier: Apache-2.0
// The graph IR: a directed acyclic graph in static single assignment form with fully static shapes. Graph inputs and
// constants are values without a producing node; nodes are stored in topological order and have one output each.
// Everything a pass or an importer builds goes through add_node, which infers the output's type and shape.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/check.h"
#include "ir/attributes.h"
#include "tensor/tensor.h"
#include "zkinfer/status.h"

namespace zkinfer::ir {

using ValueId = std::int32_t;            // index into Graph::values
inline constexpr ValueId kNoValue = -1;  // an optional input that is not there
inline std::size_t index_of(ValueId id) { return static_cast<std::size_t>(id); }

// What an integer type of the source model holds, e.g. 0 to 255.
struct IntegerRange {
  std::int64_t lo = 0, hi = 0;
  bool operator==(const IntegerRange&) const = default;
};

struct Value {
  std::string name;  // unique in the graph; the ONNX value name where there is one
  DataType dtype = DataType::kFloat;
  Shape shape;
  std::shared_ptr<const AnyTensor> constant;  // null unless the value is a constant
  // A constant of the program text (a Constant node, a number in an operator's definition) or computed from such ones: it may
  // stand in the public structure. All others may be trained, and become parameters.
  bool literal = false;
  // Of integers, when the source model's type is narrower than int64. Inputs keep it through all passes.
  std::optional<IntegerRange> declared;

  bool is_constant() const { return constant != nullptr; }
  // The constant's elements; null when this is no constant of that type.
  const FloatTensor* floats() const { return constant ? std::get_if<FloatTensor>(constant.get()) : nullptr; }
  const IntTensor* ints() const { return constant ? std::get_if<IntTensor>(constant.get()) : nullptr; }
};

struct Node {
  OpKind op = OpKind::kIdentity;
  std::string name;    // unique in the graph; the name of the ONNX node it came from, for messages and reports
  std::string origin;  // operator of the source model, e.g. "Flatten" on a Reshape; empty when made by a pass
  std::vector<ValueId> inputs;
  ValueId output = kNoValue;
  Attributes attributes;

  template <class A>
  const A& as() const {
    const A* typed = std::get_if<A>(&attributes);
    ZKI_CHECK(typed != nullptr, "node attributes have the type of the operator's table row");
    return *typed;
  }
  bool has_input(std::size_t i) const { return i < inputs.size() && inputs[i] != kNoValue; }
};

struct Graph {
  std::string name;
  std::vector<Value> values;  // may hold values nothing uses after passes; compact() drops them
  std::vector<Node> nodes;    // topological order
  std::vector<ValueId> inputs, outputs;
  std::unordered_set<std::string> value_names, node_names;  // kept by the add_ functions, to find free names

  const Value& value(ValueId id) const { return values[static_cast<std::size_t>(id)]; }
  Value& value(ValueId id) { return values[static_cast<std::size_t>(id)]; }
  const Value& input_of(const Node& node, std::size_t i) const { return value(node.inputs[i]); }
  const Value& output_of(const Node& node) const { return value(node.output); }

  // The name is made unique by a suffix when it is taken or empty.
  ValueId add_value(std::string value_name, DataType dtype, Shape shape);
  ValueId add_input(std::string value_name, DataType dtype, Shape shape);
  ValueId add_constant(std::string value_name, AnyTensor tensor, DataType dtype);
  ValueId add_constant(std::string value_name, FloatTensor tensor) {
    return add_constant(std::move(value_name), AnyTensor(std::move(tensor)), DataType::kFloat);
  }
  // Appends a node after inferring its output; the error names the node. The output value is named output_name, or
  // after the node.
  Result<ValueId> add_node(OpKind op, std::string node_name, std::vector<ValueId> node_inputs,
                           Attributes attributes = {}, std::string origin = {}, std::string output_name = {});
};

// Index of the node that produces each value, -1 for inputs and constants. Length values.size().
std::vector<std::int32_t> producers(const Graph& graph);
// Indices of the nodes that read each value, ascending; a node that reads it twice is there twice. Length values.size().
std::vector<std::vector<std::size_t>> readers(const Graph& graph);
// Number of uses of each value by nodes and by graph outputs. Length values.size().
std::vector<std::int32_t> use_counts(const Graph& graph);
// Redirects every use of `from` (node inputs and graph outputs) to `to`.
void replace_uses(Graph& graph, ValueId from, ValueId to);
// Drops the nodes and values from which no graph output can be reached (graph inputs stay), renumbers the values.
void compact(Graph& graph);

// Every rule of the IR: ids in range, unique names, topological order, one producer per value, arities and attribute
// types of the op table, recorded types and shapes equal to inference. internal: a pass broke the graph.
Status verify(const Graph& graph);

// One line per value and node, for people and golden tests.
std::string to_text(const Graph& graph);
// Graphviz source: nodes with shapes on the edges, constants left out.
std::string to_dot(const Graph& graph);

}  // namespace zkinfer::ir
