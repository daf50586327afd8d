// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "qir/ops/rules.h"
#include "qir/qgraph.h"

namespace zkinfer::qir {

namespace {

std::string kind_name(ValueKind kind) {
  switch (kind) {
    case ValueKind::kInput: return "input";
    case ValueKind::kParam: return "param";
    case ValueKind::kNode: return "node";
  }
  return "?";
}

std::string value_name(const QGraph& graph, ValueId id) {
  std::string text = "%" + std::to_string(id);
  if (id < graph.values.size() && !graph.values[id].name.empty()) text += ":" + graph.values[id].name;
  return text;
}

std::string table_text(const Table& table) {
  std::string text;
  switch (table.kind) {
    case TableKind::kRange: text = "range"; break;
    case TableKind::kClamp:
      text = "clamp to [" + std::to_string(table.clamp_lo) + ", " + std::to_string(table.clamp_hi) + "]";
      break;
    case TableKind::kExplicit: text = "explicit"; break;
    case TableKind::kPieces:
      text = std::to_string(table.num_pieces()) + " pieces of 2^" + std::to_string(table.piece_bits) +
             ", slopes in 2^-" + std::to_string(table.slope_shift) + ",";
      break;
  }
  return text + " on [" + std::to_string(table.first) + ", " + std::to_string(table.first + table.num_rows()) + ") 2^" +
         std::to_string(table.log_size) + " rows";
}

std::string as_text(std::int64_t value) { return std::to_string(value); }
std::string as_text(const std::vector<std::int64_t>& values) { return dims_to_string(values); }

std::string node_text(const QGraph& graph, const Node& node) {
  std::string text = value_name(graph, node.output) + " = " + std::string(rule_of(node.op).name) + "(";
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    text += (i > 0 ? ", " : "") + value_name(graph, node.inputs[i]);
  }
  text += ")";
  for_each_attribute(node, [&](unsigned, const char* name, const auto& value, const auto& none) {
    if (value != none) text += std::string(" ") + name + "=" + as_text(value);
  });
  if (node.requant.table_index != kNoTable) {
    text += " >> " + std::to_string(node.requant.shift) + " table " + std::to_string(node.requant.table_index);
  }
  if (!node.name.empty()) text += "  # " + node.name;
  return text;
}

}  // namespace

std::string to_text(const QGraph& graph) {
  std::string text = "qgraph '" + graph.name + "'\n";
  for (std::size_t i = 0; i < graph.values.size(); ++i) {
    const Value& value = graph.values[i];
    text += "  value " + value_name(graph, static_cast<ValueId>(i)) + " " + kind_name(value.kind) + " " +
            value.shape.to_string() + " in [" + std::to_string(value.lo) + ", " + std::to_string(value.hi) +
            "] scale " + std::to_string(value.scale.mantissa) + "*2^" + std::to_string(value.scale.exponent) + "\n";
  }
  for (std::size_t i = 0; i < graph.tables.size(); ++i) {
    text += "  table " + std::to_string(i) + " " + table_text(graph.tables[i]) + "\n";
  }
  for (const Node& node : graph.nodes) text += "  " + node_text(graph, node) + "\n";
  text += "  outputs";
  for (const ValueId id : graph.outputs) text += " " + value_name(graph, id);
  return text + "\n";
}

}  // namespace zkinfer::qir
