// SPDX-License-Identifier: Apache-2.0
#include "qir/turn.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace zkinfer::qir {

namespace {

Node node_of(Op op, const std::string& name, std::vector<ValueId> inputs, ValueId output) {
  Node node;
  node.op = op;
  node.name = name;
  node.inputs = std::move(inputs);
  node.output = output;
  return node;
}

class Writer {
 public:
  explicit Writer(QGraph graph) : graph_(std::move(graph)) {}

  QGraph write(std::size_t kept_inputs, std::size_t kept_outputs) && {
    const std::vector<ValueId> before(graph_.inputs.begin() + static_cast<std::ptrdiff_t>(kept_inputs),
                                      graph_.inputs.end());
    const std::vector<ValueId> after(graph_.outputs.begin() + static_cast<std::ptrdiff_t>(kept_outputs),
                                     graph_.outputs.end());
    const std::int64_t rows = graph_.value(before[0]).shape[1];
    std::int64_t width = 0;
    for (const ValueId id : before) width += graph_.value(id).shape[2];
    const ValueId history = append(kHistory, ValueKind::kInput, {1, rows, width}, graph_.value(before[0]));
    std::vector<Node> first;
    std::int64_t at = 0;
    for (const ValueId id : before) {
      first.push_back(node_of(Op::kSlice, graph_.value(id).name, {history}, id));
      first.back().starts = {0, 0, at};
      first.back().steps = {1, 1, 1};
      graph_.values[id].kind = ValueKind::kNode;
      at += graph_.value(id).shape[2];
    }
    graph_.nodes.insert(graph_.nodes.begin(), first.begin(), first.end());
    const ValueId together = append(kHistoryAfter, ValueKind::kNode, {1, rows, width}, graph_.value(before[0]));
    graph_.nodes.push_back(node_of(Op::kConcat, kHistoryAfter, after, together));
    graph_.nodes.back().axes = {2};
    graph_.inputs.resize(kept_inputs);
    graph_.inputs.push_back(history);
    graph_.outputs.resize(kept_outputs);
    graph_.outputs.push_back(together);
    return std::move(graph_);
  }

 private:
  // In units of one: it holds integers of several units.
  ValueId append(const std::string& name, ValueKind kind, Shape shape, const Value& range) {
    graph_.values.push_back({name, kind, std::move(shape), range.lo, range.hi, {}});
    return static_cast<ValueId>(graph_.values.size() - 1);
  }

  QGraph graph_;
};

}  // namespace

bool is_turn(const QGraph& graph) {
  if (graph.inputs.size() < 2 || graph.outputs.size() < 2) return false;
  const Value &before = graph.value(graph.inputs.back()), &after = graph.value(graph.outputs.back());
  return before.name == kHistory && after.name == kHistoryAfter && before.shape == after.shape &&
         before.lo == after.lo && before.hi == after.hi && before.scale == after.scale;
}

std::vector<std::int64_t> TurnShape::places(std::int64_t num_before) const {
  std::vector<std::int64_t> out;
  const auto position = [&](std::int64_t i) { return std::min(num_before + i, rows - 1); };
  const auto is_new = [&](std::int64_t row) { return row >= num_before && row < num_before + tokens; };
  for (std::int64_t i = 0; i < tokens; ++i) out.push_back(position(i));
  for (std::int64_t i = 0; i < tokens; ++i) out.push_back(position(i) + 1);
  for (std::int64_t row = 0; row < rows; ++row) out.push_back(row);
  for (std::int64_t row = 0; row < rows; ++row) out.push_back(is_new(row) ? row + 1 : row);
  for (std::int64_t row = 0; row < rows; ++row) out.push_back(is_new(row) ? row - num_before : 0);
  return out;
}

std::optional<TurnShape> turn_of(const QGraph& graph) {
  if (!is_turn(graph) || graph.inputs.size() != 3 || graph.outputs.size() != 2) return std::nullopt;
  const Shape &tokens = graph.value(graph.inputs[0]).shape, &places = graph.value(graph.inputs[1]).shape,
              &history = graph.value(graph.inputs[2]).shape;
  if (tokens.rank() != 2 || places.rank() != 2 || history.rank() != 3) return std::nullopt;
  const TurnShape shape{tokens[1], history[1], history[2]};
  const bool fits = tokens[0] == 1 && history[0] == 1 && places == Shape{1, 2 * shape.tokens + 3 * shape.rows} &&
                    graph.value(graph.outputs[0]).shape == tokens;
  return fits ? std::optional(shape) : std::nullopt;
}

Result<QGraph> with_one_history(QGraph graph, std::size_t kept_inputs, std::size_t kept_outputs) {
  const std::size_t count = graph.inputs.size() - std::min(kept_inputs, graph.inputs.size());
  if (count == 0 || graph.outputs.size() != kept_outputs + count)
    return invalid_argument("program '" + graph.name + "' has no history");
  const Value& first = graph.value(graph.inputs[kept_inputs]);
  for (std::size_t i = 0; i < count; ++i) {
    const Value &before = graph.value(graph.inputs[kept_inputs + i]),
                &after = graph.value(graph.outputs[kept_outputs + i]);
    for (const Value* value : {&before, &after}) {
      if (value->shape.rank() == 3 && value->shape[0] == 1 && value->shape[1] == first.shape[1] &&
          value->shape == before.shape && value->lo == first.lo && value->hi == first.hi &&
          value->scale == before.scale)
        continue;
      return invalid_argument("'" + value->name + "' of the history has another shape, unit or range than expected");
    }
  }
  graph = Writer(std::move(graph)).write(kept_inputs, kept_outputs);
  if (const Status status = validate(graph); !status.ok()) return status.with_context("history");
  return graph;
}

}  // namespace zkinfer::qir
