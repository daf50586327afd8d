// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/node_order.h"

#include <string_view>
#include <unordered_map>

#include "frontend/onnx/proto_text.h"

namespace zkinfer::frontend_onnx {

void collect_inputs(const onnx::NodeProto& node, std::unordered_set<std::string>& names) {
  // Protobuf bounds how deep subgraphs nest.
  for (const std::string& input : node.input()) names.insert(input);
  for (const onnx::AttributeProto& attribute : node.attribute()) {
    const auto collect = [&](const onnx::GraphProto& graph) {
      collect_inputs(graph.node(), names);
      for (const onnx::ValueInfoProto& output : graph.output()) names.insert(output.name());
    };
    if (attribute.has_g()) collect(attribute.g());
    for (const onnx::GraphProto& graph : attribute.graphs()) collect(graph);
  }
}

void collect_inputs(const NodeList& nodes, std::unordered_set<std::string>& names) {
  for (const onnx::NodeProto& node : nodes) collect_inputs(node, names);
}

Result<std::vector<int>> computable_order(const NodeList& nodes) {
  std::unordered_map<std::string_view, int> producer;
  for (int i = 0; i < nodes.size(); ++i)
    for (const std::string& output : nodes[i].output())
      if (!output.empty()) producer.emplace(output, i);
  std::vector<std::vector<int>> needed(static_cast<std::size_t>(nodes.size()));
  for (int i = 0; i < nodes.size(); ++i) {
    std::unordered_set<std::string> names;
    collect_inputs(nodes[i], names);
    // Names of a subgraph's own values may be those of nodes outside that stand behind: only a plain input can be a circle.
    for (const std::string& name : names)
      if (const auto found = producer.find(name); found != producer.end() && found->second != i)
        needed[static_cast<std::size_t>(i)].push_back(found->second);
  }
  enum class Mark : std::uint8_t { kNew, kOpen, kDone };
  std::vector<Mark> marks(needed.size(), Mark::kNew);
  std::vector<int> order;
  std::vector<std::pair<int, std::size_t>> open;  // a node and how many of its needs are done
  for (int i = 0; i < nodes.size(); ++i) {
    if (marks[static_cast<std::size_t>(i)] != Mark::kNew) continue;
    open.emplace_back(i, 0);
    marks[static_cast<std::size_t>(i)] = Mark::kOpen;
    while (!open.empty()) {
      auto& [node, next] = open.back();
      const std::vector<int>& needs = needed[static_cast<std::size_t>(node)];
      if (next == needs.size()) {
        marks[static_cast<std::size_t>(node)] = Mark::kDone;
        order.push_back(node);
        open.pop_back();
        continue;
      }
      const int need = needs[next++];
      Mark& mark = marks[static_cast<std::size_t>(need)];
      if (mark == Mark::kOpen)
        return corrupt("node " + in_quotes(nodes[need].name()) + " (" +
                       (is_printable(nodes[need].op_type()) ? nodes[need].op_type() : std::string("?")) +
                       ") reads what is computed from its own output");
      if (mark == Mark::kDone) continue;
      mark = Mark::kOpen;
      open.emplace_back(need, 0);
    }
  }
  return order;
}

}  // namespace zkinfer::frontend_onnx
