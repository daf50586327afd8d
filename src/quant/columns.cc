// SPDX-License-Identifier: Apache-2.0
#include "quant/columns.h"

#include <algorithm>
#include <cmath>
#include <numeric>
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

// A value whose column j is the table's column sources[j] times factors[j] plus offsets[j], and the nodes that read that.
struct Scaled {
  ValueId value = ir::kNoValue;
  ValueId table = ir::kNoValue;
  std::vector<std::size_t> sources;
  std::vector<double> factors, offsets;
  std::vector<std::size_t> readers;
  // The table's numbers as they are, maybe some of its columns only.
  bool moved_only() const {
    return std::ranges::all_of(factors, [](double f) { return f == 1; }) &&
           std::ranges::all_of(offsets, [](double o) { return o == 0; });
  }
};

// Weights that each column meets: a MatMul's second operand.
const FloatTensor* weights_of(const ir::Graph& graph, const Node& node, ValueId table) {
  if (node.op != OpKind::kMatMul || node.inputs[0] != table || graph.input_of(node, 1).shape.rank() != 2)
    return nullptr;
  if (node.has_input(2) && graph.input_of(node, 2).floats() == nullptr) return nullptr;
  return graph.input_of(node, 1).floats();
}

// From an input through factors and offsets of columns, columns that are selected and columns that are put together. Where numbers fill in
// for entries of such columns, another table begins.
class Walk {
 public:
  Walk(const ir::Graph& graph, ValueId input) : graph_(graph), found_(graph.values.size()) {
    begin(input);
    for (const Node& node : graph.nodes) {
      const std::optional<ir::Filled> filled = ir::as_filled(graph, &node);
      if (filled && of(filled->x) && of(filled->x)->moved_only()) {
        begin(node.output);
        continue;
      }
      std::optional<Scaled> scaled = through(node);
      if (!scaled) continue;
      scaled->value = node.output;
      found_[index_of(node.output)] = std::move(scaled);
    }
    const std::vector<std::vector<std::size_t>> readers = ir::readers(graph);
    for (std::optional<Scaled>& scaled : found_) {
      if (!scaled) continue;
      for (const std::size_t i : readers[index_of(scaled->value)])
        if (!found_[index_of(graph.nodes[i].output)]) scaled->readers.push_back(i);
      const bool is_output = std::ranges::find(graph.outputs, scaled->value) != graph.outputs.end();
      if (!scaled->readers.empty() || is_output) ends_.push_back(*scaled);
    }
  }

  // The input first, if it is one.
  const std::vector<ValueId>& tables() const { return tables_; }
  const std::vector<Scaled>& ends() const { return ends_; }

 private:
  void begin(ValueId table) {
    const Shape& shape = graph_.value(table).shape;
    if (shape.rank() != 2) return;
    const auto columns = static_cast<std::size_t>(shape[1]);
    Scaled whole{table,
                 table,
                 std::vector<std::size_t>(columns),
                 std::vector<double>(columns, 1),
                 std::vector<double>(columns, 0),
                 {}};
    std::iota(whole.sources.begin(), whole.sources.end(), std::size_t{0});
    found_[index_of(table)] = std::move(whole);
    tables_.push_back(table);
  }

  const std::optional<Scaled>& of(ValueId id) const { return found_[index_of(id)]; }

  std::optional<Scaled> through(const Node& node) const {
    if (node.op == OpKind::kSlice) return selected(node);
    if (node.op == OpKind::kConcat) return joined(node);
    const std::optional<ir::Affine> affine = ir::as_affine(graph_, &node);
    if (!affine || !of(affine->x)) return std::nullopt;
    const auto constant = ir::per_channel(*graph_.value(affine->constant).floats(), graph_.output_of(node).shape, 1);
    if (!constant) return std::nullopt;
    Scaled after = *of(affine->x);
    for (std::size_t j = 0; j < after.factors.size(); ++j) {
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

  std::optional<Scaled> selected(const Node& node) const {
    const std::optional<Dims> columns = ir::sliced_columns(graph_, node);
    if (!columns || !of(node.inputs[0])) return std::nullopt;
    Scaled after;
    after.table = of(node.inputs[0])->table;
    for (const std::int64_t j : *columns) append(after, *of(node.inputs[0]), static_cast<std::size_t>(j));
    return after;
  }

  std::optional<Scaled> joined(const Node& node) const {
    if (node.as<ir::ConcatAttributes>().axis != 1) return std::nullopt;
    Scaled after;
    for (const ValueId id : node.inputs) {
      if (!of(id) || (after.table != ir::kNoValue && of(id)->table != after.table)) return std::nullopt;
      after.table = of(id)->table;
      for (std::size_t j = 0; j < of(id)->factors.size(); ++j) append(after, *of(id), j);
    }
    return after;
  }

  static void append(Scaled& to, const Scaled& from, std::size_t j) {
    to.sources.push_back(from.sources[j]);
    to.factors.push_back(from.factors[j]);
    to.offsets.push_back(from.offsets[j]);
  }

  const ir::Graph& graph_;
  std::vector<std::optional<Scaled>> found_;  // by value id
  std::vector<ValueId> tables_;
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

double range_of_end(const ir::Graph& graph, const Scaled& end, const Columns& of_table) {
  Columns columns;
  for (const std::size_t source : end.sources) columns.push_back(of_table[source]);
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
  // What reads the table as it is may use any column alone.
  if (end.moved_only()) return std::min(range, narrowest);
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
  Leveler(ir::Graph& graph, ValueId table, const Level& level) : graph_(graph), level_(level) {
    std::vector<float> sizes, offsets;
    for (std::size_t j = 0; j < level.middles.size(); ++j) {
      sizes.push_back(std::ldexp(1.0F, level.octaves[j]));
      offsets.push_back(static_cast<float>(std::ldexp(-level.middles[j], level.octaves[j])));
    }
    const std::string name = graph.value(table).name;
    const auto made = std::ranges::find(graph.nodes, table, &Node::output);
    const auto place = made == graph.nodes.end() ? 0 : static_cast<std::size_t>(made - graph.nodes.begin()) + 1;
    const ValueId sized = add(place, OpKind::kMul, name + "#sized", {table, row(name + "#sizes", sizes)});
    leveled_ = add(place + 1, OpKind::kAdd, name + "#leveled", {sized, row(name + "#middles", offsets)});
  }

  void rewrite(const Scaled& end) {
    bool others = std::ranges::find(graph_.outputs, end.value) != graph_.outputs.end();
    for (Node& node : graph_.nodes) {
      if (std::ranges::find(node.inputs, end.value) == node.inputs.end()) continue;
      if (weights_of(graph_, node, end.value) != nullptr)
        read(node, end);
      else
        others = true;
    }
    if (others && !end.moved_only()) scale(end);
  }

 private:
  ValueId row(const std::string& name, const std::vector<float>& values) {
    return graph_.add_constant(name, FloatTensor(Shape{static_cast<std::int64_t>(values.size())}, values));
  }

  ValueId add(std::size_t place, OpKind op, const std::string& name, std::vector<ValueId> inputs,
              ir::Attributes attributes = {}) {
    const ValueId id = *graph_.add_node(op, name, std::move(inputs), std::move(attributes));
    std::rotate(graph_.nodes.begin() + static_cast<std::ptrdiff_t>(place), graph_.nodes.end() - 1, graph_.nodes.end());
    return id;
  }

  // Columns `sources` of the leveled table, by nodes from `place` on, which moves behind them.
  ValueId select(std::size_t& place, const std::string& name, const std::vector<std::size_t>& sources) {
    std::vector<ValueId> runs;
    const Shape shape = graph_.value(leveled_).shape;
    for (std::size_t j = 0; j < sources.size();) {
      std::size_t k = j + 1;
      while (k < sources.size() && sources[k] == sources[k - 1] + 1) ++k;
      const bool whole = k - j == level_.middles.size();
      const ir::SliceAttributes slice{
          {0, static_cast<std::int64_t>(sources[j])}, {shape[0], static_cast<std::int64_t>(k - j)}, {1, 1}};
      runs.push_back(
          whole ? leveled_
                : add(place++, OpKind::kSlice, name + "#run" + std::to_string(runs.size()), {leveled_}, slice));
      j = k;
    }
    return runs.size() == 1 ? runs[0]
                            : add(place++, OpKind::kConcat, name + "#selected", runs, ir::ConcatAttributes{1});
  }

  // factors x + offsets = factors 2^-octaves leveled + (offsets + factors middles), by the last step's node.
  void scale(const Scaled& end) {
    std::vector<float> factors, offsets;
    for (std::size_t j = 0; j < end.factors.size(); ++j) {
      factors.push_back(static_cast<float>(std::ldexp(end.factors[j], -level_.octaves[end.sources[j]])));
      offsets.push_back(static_cast<float>(end.offsets[j] + end.factors[j] * level_.middles[end.sources[j]]));
    }
    const std::string name = graph_.value(end.value).name;
    const auto made = std::ranges::find(graph_.nodes, end.value, &Node::output);
    auto place = static_cast<std::size_t>(made - graph_.nodes.begin());
    const ValueId selected = select(place, name, end.sources);
    const ValueId scaled = add(place, OpKind::kMul, name + "#scaled", {selected, row(name + "#factors", factors)});
    Node& last = graph_.nodes[place + 1];
    last.op = OpKind::kAdd;
    last.attributes = {};
    last.inputs = {scaled, row(name + "#offsets", offsets)};
  }

  void read(Node& node, const Scaled& end) {
    const ir::Value& old = graph_.input_of(node, 1);
    const bool literal = old.literal;
    const FloatTensor& given_weights = *old.floats();
    const auto results = static_cast<std::size_t>(old.shape[1]);
    std::vector<double> weights(level_.middles.size() * results, 0.0), bias(results, 0.0);
    if (node.has_input(2)) {
      const FloatTensor& given = *graph_.input_of(node, 2).floats();
      for (std::size_t k = 0; k < results; ++k) bias[k] = static_cast<double>(given[given.data().size() == 1 ? 0 : k]);
    }
    for (std::size_t n = 0; n < given_weights.data().size(); ++n) {
      const std::size_t j = n / results, source = end.sources[j];
      const auto w = static_cast<double>(given_weights[n]);
      bias[n % results] += w * (end.offsets[j] + end.factors[j] * level_.middles[source]);
      weights[source * results + n % results] += std::ldexp(w * end.factors[j], -level_.octaves[source]);
    }
    const std::string name = old.name;
    const Shape shape{static_cast<std::int64_t>(level_.middles.size()), old.shape[1]};
    const ValueId leveled_weights =
        graph_.add_constant(name + ".leveled", FloatTensor(shape, std::vector<float>(weights.begin(), weights.end())));
    graph_.value(leveled_weights).literal = literal;
    node.inputs = {leveled_, leveled_weights,
                   row(name + ".leveled_bias", std::vector<float>(bias.begin(), bias.end()))};
  }

  ir::Graph& graph_;
  ValueId leveled_ = ir::kNoValue;
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

std::vector<ValueId> tables_of(const ir::Graph& graph, ValueId input) { return Walk(graph, input).tables(); }

double spread_of_columns(const ir::Graph& graph, ValueId input, const ColumnsByName& columns) {
  const auto of_input = columns.find(graph.value(input).name);
  if (of_input == columns.end() || of_input->second.empty()) return 1;
  double range = std::numeric_limits<double>::infinity();
  const Walk walk(graph, input);
  for (const Scaled& end : walk.ends())
    range = std::min(range, range_of_end(graph, end, columns.at(graph.value(end.table).name)));
  return range > 0 && std::isfinite(range) ? std::max(1.0, largest_of(of_input->second) / range) : 1;
}

ir::Graph level_columns(ir::Graph graph, const Calibration& calibration) {
  const Uses uses = uses_of(graph);
  const auto decides = [&](ValueId id) { return uses.decides[index_of(id)] || uses.only_compared[index_of(id)]; };
  bool any = false;
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
    const ValueId input = graph.inputs[i];
    if (graph.value(input).dtype != ir::DataType::kFloat) continue;
    const double octaves = std::log2(calibration.input_spreads[i]);
    const bool on_grid = calibration.input_steps[i] > 0;  // exact as it is, and of few bits
    const Walk walk(graph, input);
    for (const ValueId table : walk.tables()) {
      if (decides(table)) continue;
      std::vector<Scaled> ends;
      std::ranges::copy_if(walk.ends(), std::back_inserter(ends), [&](const Scaled& e) { return e.table == table; });
      const bool scaled = std::ranges::any_of(ends, [](const Scaled& end) { return !end.moved_only(); });
      const bool read = std::ranges::any_of(ends, [&](const Scaled& end) {
        return std::ranges::any_of(end.readers, [&](std::size_t reader) {
          return weights_of(graph, graph.nodes[reader], end.value) != nullptr;
        });
      });
      if (!(scaled && octaves > kMostScaledOctaves) && !(read && octaves > kMostReadOctaves && !on_grid)) continue;
      const Level level = level_of(calibration.columns.at(graph.value(table).name));
      Leveler leveler(graph, table, level);
      for (const Scaled& end : ends)
        if (!decides(end.value)) leveler.rewrite(end);
      any = true;
    }
  }
  if (any) ir::compact(graph);
  return graph;
}

}  // namespace zkinfer::quant
