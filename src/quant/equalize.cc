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
// Nor does a channel that is dead (Yolo-FastestV2 has some) get weights that leave the others' few bits: at most so many octaves above the
// largest weight there was.
constexpr int kWeightOctaves = 4;

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
  std::vector<ValueId> values;       // from the maker's to the readers'
  std::vector<std::size_t> readers;  // contractions
};

// From a contraction through what commutes with factors to the contractions that read it, if nothing else does.
std::optional<Link> link_from(const ir::Graph& graph, const std::vector<std::vector<std::size_t>>& readers,
                              const std::vector<bool>& is_output, std::size_t maker) {
  Link link{maker, {}, {}};
  ValueId value = graph.nodes[maker].output;
  for (;;) {
    link.values.push_back(value);
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
  const std::vector<std::vector<std::size_t>> readers = ir::readers(graph);
  std::vector<bool> is_output(graph.values.size(), false);
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

// The largest weight of each output channel.
std::vector<double> weight_sizes(const ir::Graph& graph, const Node& node, std::size_t num_channels) {
  const FloatTensor& tensor = *graph.input_of(node, 1).floats();
  const std::size_t inner = node.op == OpKind::kConv ? tensor.data().size() / num_channels : 1;
  std::vector<double> sizes(num_channels, 0);
  for (std::size_t i = 0; i < tensor.data().size(); ++i) {
    double& size = sizes[i / inner % num_channels];
    size = std::max(size, std::abs(static_cast<double>(tensor[i])));
  }
  return sizes;
}

// By how many powers of two each channel of a link is made larger; empty: none needs it. Sizes are those before a Relu, which
// do not look small where calibration hardly saw a channel active; none is made larger than what the readers read.
std::vector<int> wanted_octaves(const ir::Graph& graph, const Link& link, const ChannelSizes& sizes,
                                const Reach& reach) {
  const auto found = sizes.find(graph.value(link.values.front()).name);
  if (found == sizes.end() || found->second.empty()) return {};
  const double largest = reach(graph.value(link.values.back()).name);
  const std::vector<double> weights = weight_sizes(graph, graph.nodes[link.maker], found->second.size());
  const double most = std::ldexp(*std::max_element(weights.begin(), weights.end()), kWeightOctaves);
  const auto octaves_to = [](double from, double to) { return static_cast<int>(std::floor(std::log2(to / from))); };
  std::vector<int> octaves;
  for (std::size_t c = 0; c < found->second.size(); ++c) {
    const auto size = static_cast<double>(found->second[c]);
    const bool any = size > 0 && largest > 0 && weights[c] > 0;
    octaves.push_back(
        any ? std::clamp(std::min(octaves_to(size, largest) - kHeadroomOctaves, octaves_to(weights[c], most)), 0,
                         kMostOctaves)
            : 0);
  }
  if (*std::max_element(octaves.begin(), octaves.end()) < kLeastOctaves) return {};
  return octaves;
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

ir::Graph equalize_channels(ir::Graph graph, const ChannelSizes& sizes, const Reach& reach) {
  const std::vector<Link> links = all_links(graph);
  // All factors before any weight changes: they are about the graph as calibration saw it.
  std::vector<std::vector<int>> octaves;
  for (const Link& link : links) octaves.push_back(wanted_octaves(graph, link, sizes, reach));
  for (std::size_t i = 0; i < links.size(); ++i) {
    if (octaves[i].empty()) continue;
    std::vector<float> up, down;
    for (const int octave : octaves[i]) {
      up.push_back(std::ldexp(1.0F, octave));
      down.push_back(std::ldexp(1.0F, -octave));
    }
    Node& maker = graph.nodes[links[i].maker];
    const bool conv = maker.op == OpKind::kConv;
    scale_weights(graph, maker, 1, conv ? 0 : 1, up);
    if (maker.has_input(2)) scale_weights(graph, maker, 2, 0, up);
    for (const std::size_t reader : links[i].readers) scale_weights(graph, graph.nodes[reader], 1, conv ? 1 : 0, down);
    // They are no longer what the float network calls by these names.
    for (const ValueId id : links[i].values) graph.value(id).name += ".equalized";
  }
  return graph;
}

}  // namespace zkinfer::quant
