// SPDX-License-Identifier: Apache-2.0
#include "quant/equalize.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>

namespace zkinfer::quant {

namespace {

using ir::Node;
using ir::OpKind;
using ir::ValueId;

// Channels within a factor of 8 of the largest stay as they are.
constexpr int kLeastOctaves = 3;
// A channel that hardly spoke in the calibration data may speak up in others: it is raised to this many octaves below the largest.
// On MNIST's 256x2 network raising to the top cut neurons of every tenth picture and made the mean error 15 times larger.
constexpr int kHeadroomOctaves = 4;
constexpr int kMostOctaves = 24;

// A Conv or MatMul with constant weights on the right, of which each output channel has its own.
bool is_contraction(const ir::Graph& graph, const Node& node) {
  if (node.op != OpKind::kConv && node.op != OpKind::kMatMul) return false;
  if (graph.input_of(node, 1).floats() == nullptr) return false;
  if (node.has_input(2) && graph.input_of(node, 2).floats() == nullptr) return false;
  return node.op == OpKind::kConv || graph.input_of(node, 1).shape.rank() == 2;
}

bool commutes(const Node& node) {
  return node.op == OpKind::kRelu || node.op == OpKind::kLeakyRelu || node.op == OpKind::kMaxPool ||
         node.op == OpKind::kAveragePool;
}

struct Link {
  std::size_t maker = 0;
  std::vector<std::size_t> readers;  // contractions
};

// From a contraction through what commutes with factors to the contractions that read it, if nothing else does.
std::optional<Link> link_from(const ir::Graph& graph, const std::vector<std::vector<std::size_t>>& readers,
                              const std::vector<bool>& is_output, std::size_t maker) {
  Link link{maker, {}};
  ValueId value = graph.nodes[maker].output;
  for (;;) {
    const auto v = static_cast<std::size_t>(value);
    if (is_output[v] || readers[v].empty()) return std::nullopt;
    const Node& first = graph.nodes[readers[v][0]];
    if (readers[v].size() == 1 && commutes(first)) {
      value = first.output;
      continue;
    }
    for (const std::size_t reader : readers[v]) {
      const Node& node = graph.nodes[reader];
      const bool reads = is_contraction(graph, node) && node.inputs[0] == value && node.op == graph.nodes[maker].op;
      if (!reads || (node.op == OpKind::kConv && node.as<ir::ConvAttributes>().groups != 1)) return std::nullopt;
      link.readers.push_back(reader);
    }
    return link;
  }
}

std::vector<Link> all_links(const ir::Graph& graph) {
  std::vector<std::vector<std::size_t>> readers(graph.values.size());
  std::vector<bool> is_output(graph.values.size(), false);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i)
    for (const ValueId id : graph.nodes[i].inputs)
      if (id != ir::kNoValue) readers[static_cast<std::size_t>(id)].push_back(i);
  for (const ValueId id : graph.outputs) is_output[static_cast<std::size_t>(id)] = true;
  std::vector<Link> links;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!is_contraction(graph, graph.nodes[i])) continue;
    if (std::optional<Link> link = link_from(graph, readers, is_output, i)) links.push_back(std::move(*link));
  }
  return links;
}

// weights *= factors along an axis; the node gets a constant of its own.
void scale_weights(ir::Graph& graph, Node& node, std::size_t input, std::size_t axis,
                   const std::vector<float>& factors) {
  const ir::Value& old = graph.input_of(node, input);
  FloatTensor tensor = *old.floats();
  const std::size_t length = factors.size();
  const auto inner = static_cast<std::size_t>(tensor.shape().num_elements(axis + 1, tensor.shape().rank()));
  for (std::size_t i = 0; i < tensor.data().size(); ++i) tensor[i] *= factors[i / inner % length];
  const bool literal = old.literal;
  const ValueId id = graph.add_constant(old.name + ".equalized", std::move(tensor));
  graph.value(id).literal = literal;
  node.inputs[input] = id;
}

}  // namespace

std::unordered_map<std::string, std::size_t> scalable_channels(const ir::Graph& graph) {
  std::unordered_map<std::string, std::size_t> result;
  for (const Link& link : all_links(graph)) {
    const Node& maker = graph.nodes[link.maker];
    const ir::Value& made = graph.output_of(maker);
    result.emplace(made.name, maker.op == OpKind::kConv ? 1 : made.shape.rank() - 1);
  }
  return result;
}

ir::Graph equalize_channels(ir::Graph graph, const ChannelSizes& sizes) {
  for (const Link& link : all_links(graph)) {
    Node& maker = graph.nodes[link.maker];
    const auto found = sizes.find(graph.output_of(maker).name);
    if (found == sizes.end() || found->second.empty()) continue;
    const float largest = *std::max_element(found->second.begin(), found->second.end());
    std::vector<float> up, down;
    bool any = false;
    for (const float size : found->second) {
      const int octaves =
          size > 0 && largest > 0
              ? std::clamp(static_cast<int>(std::floor(std::log2(largest / size))) - kHeadroomOctaves, 0, kMostOctaves)
              : 0;
      any = any || octaves >= kLeastOctaves;
      up.push_back(std::ldexp(1.0F, octaves));
      down.push_back(std::ldexp(1.0F, -octaves));
    }
    if (!any) continue;
    const bool conv = maker.op == OpKind::kConv;
    scale_weights(graph, maker, 1, conv ? 0 : 1, up);
    if (maker.has_input(2)) scale_weights(graph, maker, 2, 0, up);
    for (const std::size_t reader : link.readers) scale_weights(graph, graph.nodes[reader], 1, conv ? 1 : 0, down);
  }
  return graph;
}

}  // namespace zkinfer::quant
