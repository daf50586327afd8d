// SPDX-License-Identifier: Apache-2.0
#include "quant/columns.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "ir/affine.h"
#include "quant/calibration.h"
#include "quant/uses.h"

namespace zkinfer::quant {

namespace {

using ir::index_of;
using ir::Node;
using ir::OpKind;
using ir::ValueId;

constexpr int kMostScaledOctaves = 3;
// An accumulator holds the largest column's integers times this power of two.
constexpr int kMostLevel = 19;

// Column j times factors[j] plus offsets[j], and the nodes that read that.
struct Scaled {
  ValueId value = ir::kNoValue;
  std::vector<double> factors, offsets;
  std::vector<std::size_t> readers;
};

// Weights that each column meets: a MatMul's second operand.
const FloatTensor* weights_of(const ir::Graph& graph, const Node& node, ValueId table) {
  if (node.op != OpKind::kMatMul || node.inputs[0] != table || graph.input_of(node, 1).shape.rank() != 2)
    return nullptr;
  if (node.has_input(2) && graph.input_of(node, 2).floats() == nullptr) return nullptr;
  return graph.input_of(node, 1).floats();
}

// Walks from an input through factors and offsets of columns.
class Walk {
 public:
  Walk(const ir::Graph& graph, ValueId input, std::size_t columns)
      : graph_(graph), columns_(columns), readers_(ir::readers(graph)) {
    visit({input, std::vector<double>(columns, 1), std::vector<double>(columns, 0), {}});
  }

  const std::vector<Scaled>& ends() const { return ends_; }

 private:
  void visit(Scaled scaled) {
    for (const std::size_t i : readers_[index_of(scaled.value)])
      if (std::optional<Scaled> next = through(scaled, i))
        visit(std::move(*next));
      else
        scaled.readers.push_back(i);
    const bool is_output = std::ranges::find(graph_.outputs, scaled.value) != graph_.outputs.end();
    if (!scaled.readers.empty() || is_output) ends_.push_back(std::move(scaled));
  }

  std::optional<Scaled> through(const Scaled& before, std::size_t i) const {
    const Node& node = graph_.nodes[i];
    const std::optional<ir::Affine> affine = ir::as_affine(graph_, &node);
    if (!affine) return std::nullopt;
    const auto constant = ir::per_channel(*graph_.value(affine->constant).floats(), graph_.output_of(node).shape, 1);
    if (!constant) return std::nullopt;
    Scaled after = before;
    after.value = node.output;
    after.readers.clear();
    for (std::size_t j = 0; j < columns_; ++j) {
      const auto c = static_cast<double>((*constant)[j]);
      if (affine->is_product) {
        after.factors[j] *= c;
        after.offsets[j] *= c;
      } else {
        after.offsets[j] += c;
      }
    }
    return after;
  }

  const ir::Graph& graph_;
  std::size_t columns_;
  std::vector<std::vector<std::size_t>> readers_;  // by value id
  std::vector<Scaled> ends_;
};

// Of an element of a contraction's results: how much the columns move it beside what the same rounding of all of them does to it; the
// range of the columns, where all are alike.
double range_of_contraction(const FloatTensor& weights, const std::vector<double>& factors, const Columns& columns) {
  const std::size_t results = weights.data().size() / columns.size();
  double range = std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < results; ++k) {
    double effect = 0, squares = 0;
    for (std::size_t j = 0; j < columns.size(); ++j) {
      const double w = std::abs(factors[j] * static_cast<double>(weights[j * results + k]));
      effect += w * w * columns[j].size() * columns[j].size();
      squares += w * w;
    }
    if (effect > 0) range = std::min(range, std::sqrt(effect / squares));
  }
  return range;
}

double range_of_end(const ir::Graph& graph, ValueId input, const Scaled& end, const Columns& columns) {
  double range = std::numeric_limits<double>::infinity();
  bool others = end.readers.empty();
  for (const std::size_t i : end.readers) {
    if (const FloatTensor* weights = weights_of(graph, graph.nodes[i], end.value))
      range = std::min(range, range_of_contraction(*weights, end.factors, columns));
    else
      others = true;
  }
  if (!others) return range;
  double effect = 0, most = 0, narrowest = std::numeric_limits<double>::infinity();
  for (std::size_t j = 0; j < columns.size(); ++j) {
    effect = std::max(effect, std::abs(end.factors[j]) * columns[j].size());
    most = std::max(most, std::abs(end.factors[j]));
    if (columns[j].size() > 0) narrowest = std::min(narrowest, columns[j].size());
  }
  // What reads the input as it is may use any column alone.
  if (end.value == input) return std::min(range, narrowest);
  return effect > 0 ? std::min(range, effect / most) : range;
}

double largest_of(const Columns& columns) {
  double largest = 0;
  for (const ColumnRange& column : columns)
    if (column.most >= column.least) largest = std::max({largest, column.most, -column.least});
  return largest;
}

// What is done to each column: (x - middle) 2^octaves.
struct Level {
  std::vector<double> middles;
  std::vector<int> octaves;
};

Level level_of(const Columns& columns) {
  double widest = 0;
  for (const ColumnRange& column : columns) widest = std::max(widest, column.size());
  Level level;
  for (const ColumnRange& column : columns) {
    const bool any = column.most >= column.least;
    level.middles.push_back(any ? static_cast<double>(static_cast<float>((column.least + column.most) / 2)) : 0);
    level.octaves.push_back(
        column.size() > 0 ? std::clamp(static_cast<int>(std::floor(std::log2(widest / column.size()))), 0, kMostLevel)
                          : 0);
  }
  return level;
}

class Leveler {
 public:
  Leveler(ir::Graph& graph, ValueId input, const Level& level) : graph_(graph), input_(input), level_(level) {
    std::vector<float> sizes, offsets;
    for (std::size_t j = 0; j < level.middles.size(); ++j) {
      sizes.push_back(std::ldexp(1.0F, level.octaves[j]));
      offsets.push_back(static_cast<float>(std::ldexp(-level.middles[j], level.octaves[j])));
    }
    const std::string name = graph.value(input).name;
    const ValueId sized = add(0, OpKind::kMul, name + "#sized", {input, row(name + "#sizes", sizes)});
    leveled_ = add(1, OpKind::kAdd, name + "#leveled", {sized, row(name + "#middles", offsets)});
  }

  void rewrite(const Scaled& end) {
    if (end.value != input_) return scale(end);
    for (Node& node : graph_.nodes)
      if (weights_of(graph_, node, input_) != nullptr) read(node);
  }

 private:
  ValueId row(const std::string& name, const std::vector<float>& values) {
    return graph_.add_constant(name, FloatTensor(Shape{static_cast<std::int64_t>(values.size())}, values));
  }

  ValueId add(std::size_t place, OpKind op, const std::string& name, std::vector<ValueId> inputs) {
    const ValueId id = *graph_.add_node(op, name, std::move(inputs));
    std::rotate(graph_.nodes.begin() + static_cast<std::ptrdiff_t>(place), graph_.nodes.end() - 1, graph_.nodes.end());
    return id;
  }

  // factors x + offsets = factors 2^-octaves leveled + (offsets + factors middles), by the last step's node.
  void scale(const Scaled& end) {
    std::vector<float> factors, offsets;
    for (std::size_t j = 0; j < end.factors.size(); ++j) {
      factors.push_back(static_cast<float>(std::ldexp(end.factors[j], -level_.octaves[j])));
      offsets.push_back(static_cast<float>(end.offsets[j] + end.factors[j] * level_.middles[j]));
    }
    const std::string name = graph_.value(end.value).name;
    const auto made = std::ranges::find(graph_.nodes, end.value, &Node::output);
    const auto place = static_cast<std::size_t>(made - graph_.nodes.begin());
    const ValueId scaled = add(place, OpKind::kMul, name + "#scaled", {leveled_, row(name + "#factors", factors)});
    graph_.nodes[place + 1].op = OpKind::kAdd;
    graph_.nodes[place + 1].inputs = {scaled, row(name + "#offsets", offsets)};
  }

  void read(Node& node) {
    const ir::Value& old = graph_.input_of(node, 1);
    const bool literal = old.literal;
    FloatTensor weights = *old.floats();
    const std::size_t results = weights.data().size() / level_.middles.size();
    std::vector<double> bias(results, 0.0);
    if (node.has_input(2)) {
      const FloatTensor& given = *graph_.input_of(node, 2).floats();
      for (std::size_t k = 0; k < results; ++k) bias[k] = static_cast<double>(given[given.data().size() == 1 ? 0 : k]);
    }
    for (std::size_t n = 0; n < weights.data().size(); ++n) {
      const std::size_t j = n / results;
      bias[n % results] += static_cast<double>(weights[n]) * level_.middles[j];
      weights[n] = std::ldexp(weights[n], -level_.octaves[j]);
    }
    const std::string name = old.name;
    const ValueId leveled_weights = graph_.add_constant(name + ".leveled", std::move(weights));
    graph_.value(leveled_weights).literal = literal;
    node.inputs = {leveled_, leveled_weights,
                   row(name + ".leveled_bias", std::vector<float>(bias.begin(), bias.end()))};
  }

  ir::Graph& graph_;
  ValueId input_, leveled_ = ir::kNoValue;
  const Level& level_;
};

}  // namespace

void widen(Columns& columns, const FloatTensor& x) {
  const Shape& shape = x.shape();
  if (shape.rank() != 2) return;
  const auto count = static_cast<std::size_t>(shape[1]);
  columns.resize(count);
  for (std::size_t i = 0; i < x.data().size(); ++i) {
    ColumnRange& column = columns[i % count];
    column.least = std::min(column.least, static_cast<double>(x[i]));
    column.most = std::max(column.most, static_cast<double>(x[i]));
  }
}

double spread_of_columns(const ir::Graph& graph, ValueId input, const Columns& columns) {
  if (columns.empty()) return 1;
  double range = std::numeric_limits<double>::infinity();
  const Walk walk(graph, input, columns.size());
  for (const Scaled& end : walk.ends()) range = std::min(range, range_of_end(graph, input, end, columns));
  return range > 0 && std::isfinite(range) ? std::max(1.0, largest_of(columns) / range) : 1;
}

ir::Graph level_columns(ir::Graph graph, const Calibration& calibration) {
  const Uses uses = uses_of(graph);
  bool any = false;
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
    const ValueId input = graph.inputs[i];
    const auto v = static_cast<std::size_t>(input);
    const Columns& columns = calibration.input_columns[i];
    if (columns.empty() || uses.decides[v] || uses.only_compared[v]) continue;
    if (graph.value(input).dtype != ir::DataType::kFloat) continue;
    const double octaves = std::log2(calibration.input_spreads[i]);
    const Walk walk(graph, input, columns.size());
    const bool scaled = std::ranges::any_of(walk.ends(), [&](const Scaled& end) { return end.value != input; });
    const bool read = std::ranges::any_of(walk.ends(), [&](const Scaled& end) {
      return std::ranges::any_of(
          end.readers, [&](std::size_t reader) { return weights_of(graph, graph.nodes[reader], input) != nullptr; });
    });
    const bool on_grid = calibration.input_steps[i] > 0;  // exact as it is, and of few bits
    if (!(scaled && octaves > kMostScaledOctaves) && !(read && octaves > kMostReadOctaves && !on_grid)) continue;
    const Level level = level_of(columns);
    Leveler leveler(graph, input, level);
    for (const Scaled& end : walk.ends()) leveler.rewrite(end);
    any = true;
  }
  if (any) ir::compact(graph);
  return graph;
}

}  // namespace zkinfer::quant
