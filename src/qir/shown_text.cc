// SPDX-License-Identifier: Apache-2.0
#include "qir/shown_text.h"

#include <algorithm>

#include "qir/tail_writer.h"

namespace zkinfer::qir {

namespace {

// Place of the node that reads the choices, among those that are written.
constexpr std::size_t kReadsChoices = 2;

class Writer : private TailWriter {
 public:
  explicit Writer(QGraph graph) : TailWriter(std::move(graph), "text") {}

  QGraph write() && {
    const ValueId tokens = graph_.inputs[0], choices = graph_.outputs[0];
    const std::int64_t n = value(tokens).shape[1];
    const std::vector<ValueId> others(graph_.inputs.begin() + 1, graph_.inputs.end());
    const ValueId parts = input("parts", {1, 2, n}, {0, 1});
    const ValueId checked = row("checked", parts, 0, n);
    const ValueId all_but_last = slice("all_but_last", choices, {1, n - 1}, {0, 0}, range(choices));
    Node pad = named(Op::kPad, "choice_before");
    pad.pads_begin = {0, 1};
    const Range padded{std::min<std::int64_t>(0, value(choices).lo), std::max<std::int64_t>(0, value(choices).hi)};
    const ValueId before = add(pad, {all_but_last}, {1, n}, padded);
    const ValueId differs = linear("difference", {tokens, before}, {1, -1}, 0, {1, n}, Range{-1, 1});
    const ValueId unequal = product("unequal", {differs, differs}, {1, n}, {0, 1}, {});
    const ValueId wrong = product("wrong", {checked, unequal}, {1, n}, {0, 1}, {});
    Node sum = named(Op::kReduceSum, "unlike");
    sum.axes = {1};
    sum.coefs = {1};
    const ValueId unlike = add(sum, {wrong}, {1, 1}, {0, n});
    const ValueId seen = row("seen", parts, 1, n);
    const ValueId above_0 = linear("token_above_0", {tokens}, {1}, 1, {1, n});
    const Range shown{std::min<std::int64_t>(0, value(above_0).lo), value(above_0).hi};
    graph_.outputs = {product("shown", {seen, above_0}, {1, n}, shown, {}), unlike, parts};
    graph_.outputs.insert(graph_.outputs.end(), others.begin(), others.end());
    return std::move(graph_);
  }

 private:
  ValueId row(const std::string& name, ValueId parts, std::int64_t which, std::int64_t n) {
    return reshape(name, slice(name + "_row", parts, {1, 1, n}, {0, which, 0}, {0, 1}), {1, n});
  }
};

bool gives_choices(const QGraph& graph) {
  if (graph.inputs.empty() || graph.outputs.size() != 1) return false;
  const Shape& tokens = graph.value(graph.inputs[0]).shape;
  return tokens.rank() == 2 && tokens[0] == 1 && tokens[1] >= 2 && tokens == graph.value(graph.outputs[0]).shape;
}

}  // namespace

Result<QGraph> with_shown_text(QGraph answers) {
  if (!gives_choices(answers))
    return invalid_argument("program '" + answers.name +
                            "' gives no choice for each of two tokens or more that it reads");
  const std::size_t first = answers.nodes.size(), input = answers.inputs.size();
  const QGraph graph = in_written_order(Writer(std::move(answers)).write(), first, input);
  if (const Status status = validate(graph); !status.ok()) return status.with_context("text");
  return graph;
}

std::optional<QGraph> answers_of(const QGraph& graph) {
  if (graph.inputs.size() < 2 || graph.outputs.size() != graph.inputs.size() + 1) return std::nullopt;
  const ValueId parts = graph.inputs.back();
  std::size_t first = 0;
  while (first < graph.nodes.size() && std::ranges::count(graph.nodes[first].inputs, parts) == 0) ++first;
  if (first + kReadsChoices >= graph.nodes.size()) return std::nullopt;
  const QGraph whole = in_written_order(graph, first, graph.inputs.size() - 1);
  QGraph answers = whole;
  answers.outputs = {whole.nodes[first + kReadsChoices].inputs[0]};
  answers.inputs.pop_back();
  answers.nodes.resize(first);
  answers.values.resize(whole.inputs.back());
  std::size_t num_tables = 0;
  for (const Node& node : answers.nodes)
    num_tables = std::max(num_tables, static_cast<std::size_t>(node.requant.table_index + 1));
  answers.tables.resize(num_tables);
  if (!validate(answers).ok() || !gives_choices(answers)) return std::nullopt;
  const Result<QGraph> again = with_shown_text(answers);
  if (!again.ok() || structure_bytes(*again) != structure_bytes(whole)) return std::nullopt;
  return answers;
}

}  // namespace zkinfer::qir
