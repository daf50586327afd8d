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
#include "zkinfer/hex.h"

namespace zkinfer {

namespace {

using qir::QGraph;
using qir::Table;
using qir::ValueId;

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

}  // namespace

std::string structure_text(const VerificationKey& key, const StructureTextOptions& options) {
  return text_of(api::whole_graph(key), options, key.info().structure_digest);
}
std::string structure_text(const Model& model, const StructureTextOptions& options) {
  return text_of(api::impl(model).package.graph, options, model.structure_digest());
}
std::string structure_dot(const VerificationKey& key) { return dot_of(api::whole_graph(key)); }
std::string structure_dot(const Model& model) { return dot_of(api::impl(model).package.graph); }
std::vector<std::string> structure_warnings(const Model& model) {
  return api::structure_warnings(api::impl(model).package.graph);
}

}  // namespace zkinfer
