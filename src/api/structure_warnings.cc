// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "api/whole_graph.h"
#include "base/text.h"
#include "qir/ops/rules.h"
#include "qir/shown_text.h"
#include "zkinfer/inspect.h"

namespace zkinfer {

namespace {

using qir::QGraph;
using qir::Table;
using qir::ValueId;

constexpr std::int64_t kLargeInput = std::int64_t{1} << 48;
constexpr std::int64_t kLargeStep = std::int64_t{1} << 20;

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

}  // namespace

std::vector<std::string> api::structure_warnings(const QGraph& graph) {
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

std::vector<std::string> structure_warnings(const VerificationKey& key) {
  return api::structure_warnings(api::whole_graph(key));
}

}  // namespace zkinfer
