// SPDX-License-Identifier: Apache-2.0
#include "qir/tail_writer.h"

namespace zkinfer::qir {

QGraph in_written_order(const QGraph& graph, std::size_t first, std::size_t input) {
  const ValueId own = graph.inputs[input];
  std::vector<ValueId> order;
  std::vector<bool> is_behind(graph.values.size(), false);
  is_behind[own] = true;
  for (std::size_t i = first; i < graph.nodes.size(); ++i) is_behind[graph.nodes[i].output] = true;
  for (ValueId id = 0; id < graph.values.size(); ++id)
    if (!is_behind[id]) order.push_back(id);
  order.push_back(own);
  for (std::size_t i = first; i < graph.nodes.size(); ++i) order.push_back(graph.nodes[i].output);
  std::vector<ValueId> place(graph.values.size());
  QGraph out;
  out.name = graph.name;
  for (const ValueId id : order) {
    place[id] = static_cast<ValueId>(out.values.size());
    out.values.push_back(graph.values[id]);
  }
  for (const ValueId id : graph.inputs) out.inputs.push_back(place[id]);
  for (const ValueId id : graph.outputs) out.outputs.push_back(place[id]);
  std::vector<std::int32_t> tables(graph.tables.size(), kNoTable);
  for (Node node : graph.nodes) {
    for (ValueId& id : node.inputs) id = place[id];
    node.output = place[node.output];
    if (node.requant.table_index != kNoTable) {
      std::int32_t& table = tables[static_cast<std::size_t>(node.requant.table_index)];
      if (table == kNoTable) {
        table = static_cast<std::int32_t>(out.tables.size());
        out.tables.push_back(graph.tables[static_cast<std::size_t>(node.requant.table_index)]);
      }
      node.requant.table_index = table;
    }
    out.nodes.push_back(std::move(node));
  }
  return out;
}

}  // namespace zkinfer::qir
