// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "ir/functions.h"
#include "ir/graph.h"
#include "ir/op_table.h"

namespace zkinfer::ir {

namespace {

std::string number(float x) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", static_cast<double>(x));
  return text;
}

std::string field(std::string_view name, const std::string& text) { return " " + std::string(name) + "=" + text; }
std::string field(std::string_view name, const Dims& dims) { return field(name, dims_to_string(dims)); }
std::string field(std::string_view name, const Shape& shape) { return field(name, shape.to_string()); }
std::string field(std::string_view name, float x) { return field(name, number(x)); }
std::string field(std::string_view name, std::int64_t x) { return field(name, std::to_string(x)); }
std::string field(std::string_view name, bool x) { return field(name, std::string(x ? "true" : "false")); }

struct AttributePrinter {
  std::string operator()(const NoAttributes&) const { return {}; }
  std::string operator()(const ConvAttributes& a) const {
    return field("strides", a.strides) + field("dilations", a.dilations) + field("pads_begin", a.pads_begin) +
           field("pads_end", a.pads_end) + field("groups", a.groups);
  }
  std::string operator()(const PoolAttributes& a) const {
    return field("kernel", a.kernel) + field("strides", a.strides) + field("dilations", a.dilations) +
           field("pads_begin", a.pads_begin) + field("pads_end", a.pads_end) +
           field("count_include_pad", a.count_include_pad);
  }
  std::string operator()(const LeakyReluAttributes& a) const { return field("alpha", a.alpha); }
  std::string operator()(const ClipAttributes& a) const { return field("min", a.min) + field("max", a.max); }
  std::string operator()(const ReduceAttributes& a) const {
    return field("axes", a.axes) + field("keepdims", a.keepdims);
  }
  std::string operator()(const ReshapeAttributes& a) const { return field("shape", a.shape); }
  std::string operator()(const TransposeAttributes& a) const { return field("perm", a.perm); }
  std::string operator()(const SliceAttributes& a) const {
    return field("starts", a.starts) + field("sizes", a.sizes) + field("steps", a.steps);
  }
  std::string operator()(const PadAttributes& a) const {
    return field("begin", a.begin) + field("end", a.end) + field("value", a.value);
  }
  std::string operator()(const ConcatAttributes& a) const { return field("axis", a.axis); }
  std::string operator()(const ArgMaxAttributes& a) const {
    return field("axis", a.axis) + field("keepdims", a.keepdims);
  }
  std::string operator()(const SoftmaxAttributes& a) const { return field("axis", a.axis); }
  std::string operator()(const GemmAttributes& a) const {
    return field("alpha", a.alpha) + field("beta", a.beta) + field("transpose_a", a.transpose_a) +
           field("transpose_b", a.transpose_b);
  }
  std::string operator()(const BatchNormalizationAttributes& a) const { return field("epsilon", a.epsilon); }
  std::string operator()(const GatherAttributes& a) const {
    return field("axis", a.axis) + field("along_axis", a.along_axis);
  }
  std::string operator()(const SortAttributes& a) const { return field("axis", a.axis) + field("largest", a.largest); }
  std::string operator()(const ExpandAttributes& a) const { return field("shape", a.shape); }
  std::string operator()(const TileAttributes& a) const { return field("repeats", a.repeats); }
  std::string operator()(const FunctionAttributes& a) const {
    const FunctionRow& row = row_of(a.function);
    return field("function", std::string(row.name)) + (row.a.name.empty() ? std::string() : field(row.a.name, a.a)) +
           (row.b.name.empty() ? std::string() : field(row.b.name, a.b));
  }
  std::string operator()(const ModAttributes& a) const { return field("truncated", a.truncated); }
  std::string operator()(const SpecialAttributes& a) const {
    return field("nan", a.nan) + field("positive", a.positive) + field("negative", a.negative);
  }
  std::string operator()(const CastAttributes& a) const { return field("to", static_cast<std::int64_t>(a.to)); }
};

std::string_view type_name(DataType dtype) {
  switch (dtype) {
    case DataType::kFloat: return "float";
    case DataType::kInt64: return "int64";
    case DataType::kBool: return "bool";
  }
  return "?";
}

std::string typed(const Value& value) {
  return "'" + value.name + "' " + std::string(type_name(value.dtype)) + value.shape.to_string();
}

std::string dot_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out;
}

}  // namespace

std::string to_text(const Graph& graph) {
  std::string text = "graph '" + graph.name + "'\n";
  for (const ValueId id : graph.inputs) text += "  input " + typed(graph.value(id)) + "\n";
  for (const Value& value : graph.values)
    if (value.is_constant()) text += "  constant " + typed(value) + "\n";
  for (const Node& node : graph.nodes) {
    text += "  " + typed(graph.output_of(node)) + " = " + std::string(op_name(node.op)) + "(";
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (i != 0) text += ", ";
      text += node.has_input(i) ? "'" + graph.input_of(node, i).name + "'" : "-";
    }
    text += ")" + std::visit(AttributePrinter{}, node.attributes) + "  # " + node.name;
    if (!node.origin.empty()) text += " (" + node.origin + ")";
    text += "\n";
  }
  for (const ValueId id : graph.outputs) text += "  output " + typed(graph.value(id)) + "\n";
  return text;
}

std::string to_dot(const Graph& graph) {
  std::string text = "digraph \"" + dot_escaped(graph.name) + "\" {\n  node [shape=box, fontname=monospace];\n";
  const std::vector<std::int32_t> producer = producers(graph);
  const auto source = [&](ValueId id) {
    const std::int32_t node = producer[static_cast<std::size_t>(id)];
    return node < 0 ? "v" + std::to_string(id) : "n" + std::to_string(node);
  };
  for (const ValueId id : graph.inputs)
    text += "  v" + std::to_string(id) + " [shape=ellipse, label=\"" + dot_escaped(graph.value(id).name) + "\"];\n";
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    text += "  n" + std::to_string(i) + " [label=\"" + std::string(op_name(node.op)) + "\\n" + dot_escaped(node.name) +
            "\"];\n";
    for (const ValueId input : node.inputs)
      if (input != kNoValue && !graph.value(input).is_constant())
        text += "  " + source(input) + " -> n" + std::to_string(i) + " [label=\"" +
                graph.value(input).shape.to_string() + "\"];\n";
  }
  for (std::size_t i = 0; i < graph.outputs.size(); ++i) {
    const Value& value = graph.value(graph.outputs[i]);
    text += "  o" + std::to_string(i) + " [shape=ellipse, label=\"" + dot_escaped(value.name) + "\"];\n";
    if (!value.is_constant())
      text += "  " + source(graph.outputs[i]) + " -> o" + std::to_string(i) + " [label=\"" + value.shape.to_string() +
              "\"];\n";
  }
  return text + "}\n";
}

}  // namespace zkinfer::ir
