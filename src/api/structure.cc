// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/structure.h"

#include <algorithm>
#include <cstdlib>

#include "api/key_impl.h"
#include "api/model_impl.h"
#include "api/whole_graph.h"
#include "base/text.h"
#include "hash/keccak.h"
#include "qir/ops/rules.h"
#include "qir/shown_text.h"
#include "zkinfer/hex.h"

namespace zkinfer {

namespace {

using qir::QGraph;
using qir::Table;
using qir::ValueId;

constexpr std::int64_t kLargeInput = std::int64_t{1} << 48;
constexpr std::int64_t kLargeStep = std::int64_t{1} << 20;

std::string contents_of(const Table& table) {
  if (table.log_size > qir::kMaxListedBits) return "\n    given by its formula alone: too many rows to list";
  std::string text;
  for (std::int64_t i = 0; i < table.num_rows(); ++i) {
    const std::int64_t x = table.first + i;
    if (i % 8 == 0) text += "\n   ";
    text += " " + std::to_string(x) + ":" + std::to_string(table.at(x));
  }
  return text;
}

std::string text_of(const QGraph& graph, const StructureTextOptions& options, const Digest& digest) {
  std::string text = qir::to_text(graph) + "\nstructure " + to_hex(digest) + "\n";
  for (std::size_t i = 0; i < graph.tables.size(); ++i) {
    text += "table " + std::to_string(i) + " " + to_hex(keccak256(qir::table_bytes(graph.tables[i])));
    if (options.table_contents) text += contents_of(graph.tables[i]);
    text += "\n";
  }
  return text;
}

// Between quotation marks of Graphviz.
std::string label(const std::string& text) {
  std::string out;
  for (const char c : printable(text)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string dot_of(const QGraph& graph) {
  std::string dot = "digraph \"" + label(graph.name) + "\" {\n  rankdir=TB;\n  node [shape=box, fontsize=10];\n";
  std::vector<std::string> producer(graph.values.size());
  const auto source = [&](ValueId id, const char* kind) {
    producer[id] = "v" + std::to_string(id);
    dot += "  " + producer[id] + " [label=\"" + kind + " " + label(graph.values[id].name) + "\", shape=ellipse];\n";
  };
  for (ValueId id = 0; id < graph.values.size(); ++id) {
    if (graph.values[id].kind == qir::ValueKind::kInput) source(id, "input");
    if (graph.values[id].kind == qir::ValueKind::kParam) source(id, "parameter");
  }
  const auto edge = [&](ValueId id, const std::string& to) {
    const qir::Value& value = graph.values[id];
    dot += "  " + producer[id] + " -> " + to + " [label=\"" + label(value.shape.to_string()) + " in " +
           std::to_string(value.lo) + ".." + std::to_string(value.hi) + "\", fontsize=9];\n";
  };
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const qir::Node& node = graph.nodes[i];
    const std::string id = "n" + std::to_string(i);
    std::string text = std::string(qir::rule_of(node.op).name) + "\\n" + label(node.name);
    if (node.constant != 0) text += "\\nconstant " + std::to_string(node.constant);
    if (!node.coefs.empty()) text += "\\ncoefs " + label(dims_to_string(node.coefs));
    if (node.requant.table_index != qir::kNoTable)
      text += "\\n>> " + std::to_string(node.requant.shift) + ", table " + std::to_string(node.requant.table_index);
    dot += "  " + id + " [label=\"" + text + "\"];\n";
    for (const ValueId input : node.inputs) edge(input, id);
    producer[node.output] = id;
  }
  for (std::size_t i = 0; i < graph.outputs.size(); ++i) {
    const std::string id = "o" + std::to_string(i);
    dot += "  " + id + " [label=\"output " + label(graph.values[graph.outputs[i]].name) + "\", shape=ellipse];\n";
    edge(graph.outputs[i], id);
  }
  return dot + "}\n";
}

bool has_one_value(const Table& table) {
  switch (table.kind) {
    case qir::TableKind::kRange: return table.num_rows() == 1;
    case qir::TableKind::kPieces: {
      const std::int64_t last = (std::int64_t{1} << table.piece_bits) - 1;
      for (std::int64_t t = 0; t < table.num_pieces(); ++t) {
        if (table.in_piece(t, 0) != table.values[0] || table.in_piece(t, last) != table.values[0]) return false;
      }
      return true;
    }
    case qir::TableKind::kClamp: return table.at(table.first) == table.at(table.first + table.num_rows() - 1);
    case qir::TableKind::kExplicit:
      return std::all_of(table.values.begin(), table.values.end(),
                         [&](std::int32_t x) { return x == table.values[0]; });
  }
  return false;
}

// Which values depend on some value of this kind.
std::vector<bool> reached_from(const QGraph& graph, qir::ValueKind kind) {
  std::vector<bool> reached;
  for (const qir::Value& value : graph.values) reached.push_back(value.kind == kind);
  for (const qir::Node& node : graph.nodes) {
    reached[node.output] = std::any_of(node.inputs.begin(), node.inputs.end(), [&](ValueId id) { return reached[id]; });
  }
  return reached;
}

std::vector<std::string> warnings_of(const QGraph& graph) {
  std::vector<std::string> out;
  for (const ValueId id : graph.inputs) {
    const qir::Value& value = graph.value(id);
    if (value.lo == value.hi) {
      out.push_back("input " + in_quotes(value.name) + " can only be " + std::to_string(value.lo) +
                    ": it is a constant of the model, no data");
    }
    if (value.lo < -kLargeInput || value.hi > kLargeInput) {
      out.push_back("input " + in_quotes(value.name) + " has integers beyond 2^48 (" + std::to_string(value.lo) + ".." +
                    std::to_string(value.hi) + "), more than any measured quantity needs");
    }
  }
  // Tables may be long and serve many nodes: each is looked at once.
  std::vector<bool> is_constant;
  for (const Table& table : graph.tables) is_constant.push_back(has_one_value(table));
  for (const qir::Node& node : graph.nodes) {
    const std::string where = "node " + in_quotes(node.name) + " (" + std::string(qir::rule_of(node.op).name) + ")";
    if (node.requant.table_index != qir::kNoTable && is_constant[static_cast<std::size_t>(node.requant.table_index)]) {
      out.push_back(where + " gives the same number whatever it reads: its table has one value");
    }
    for (const std::int64_t step : node.steps) {
      if (step > kLargeStep) out.push_back(where + " steps over " + std::to_string(step) + " entries at a time");
    }
    if (node.constant > kLargeInput || node.constant < -kLargeInput)
      out.push_back(where + " adds " + std::to_string(node.constant) + ", beyond 2^48");
  }
  const std::vector<bool> from_inputs = reached_from(graph, qir::ValueKind::kInput);
  const std::vector<bool> from_params = reached_from(graph, qir::ValueKind::kParam);
  const bool has_params = std::any_of(graph.values.begin(), graph.values.end(),
                                      [](const qir::Value& value) { return value.kind == qir::ValueKind::kParam; });
  // Of a program that shows a text all outputs but the second repeat inputs: that is what they are for (qir/shown_text.h).
  const bool shows_text = qir::answers_of(graph).has_value();
  for (std::size_t i = 0; i < graph.outputs.size(); ++i) {
    const ValueId id = graph.outputs[i];
    const std::string name = "output " + in_quotes(graph.value(id).name);
    if (!from_inputs[id]) out.push_back(name + " does not depend on any input");
    if (has_params && !from_params[id] && !(shows_text && i != 1))
      out.push_back(name + " does not depend on any committed parameter");
  }
  return out;
}

}  // namespace

std::string structure_text(const VerificationKey& key, const StructureTextOptions& options) {
  return text_of(api::whole_graph(key), options, key.info().structure_digest);
}
std::string structure_text(const Model& model, const StructureTextOptions& options) {
  return text_of(api::impl(model).package.graph, options, model.structure_digest());
}
std::string structure_dot(const VerificationKey& key) { return dot_of(api::whole_graph(key)); }
std::string structure_dot(const Model& model) { return dot_of(api::impl(model).package.graph); }
std::vector<std::string> structure_warnings(const VerificationKey& key) { return warnings_of(api::whole_graph(key)); }
std::vector<std::string> structure_warnings(const Model& model) { return warnings_of(api::impl(model).package.graph); }

}  // namespace zkinfer
